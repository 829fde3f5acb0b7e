import { BatonError } from '../contracts/error.ts';
import type { EventDraft } from '../contracts/event.ts';
import { limits } from '../contracts/limits.ts';
import { type AppendOutcome, appendEvents } from '../journal/append.ts';
import { retry } from '../journal/retry.ts';
import type { Store } from '../journal/store.ts';
import { type AttemptEvent, coalesce } from './coalesce.ts';
import { admit } from './whole-characters.ts';

/** Characters that may wait or be under way before whoever publishes has to wait: about a second of a fast model's output. */
const BUFFER_CHARS = 256_000;
/** What an event counts beside its text, so that empty ones are bounded too. */
const EVENT_CHARS = 100;

/** One for all: every publisher is closed, and an error costs its stack trace. */
const closed = new BatonError('internal', 'This publisher is closed: publish before the attempt is over.');

export type PublisherOptions = {
  readonly store: Store;
  readonly run: string;
  readonly task: string;
  readonly agent: string;
  /** The attempt's number, from its claim. One attempt has one publisher: the numbers of its events start at 1. */
  readonly epoch: number;
  /** Ends the publisher, whatever it waits for; its reason, if a BatonError, is what the publisher rejects with. */
  readonly signal?: AbortSignal;
};

/** Writes one attempt's events into its run's stream, in order, each once, as long as the attempt owns its task. */
export type Publisher = {
  /**
   * Takes an event; what waits together leaves together. Resolves when there is room for more: await it before reading on.
   * Rejects with lock_lost (a newer attempt owns the task), cancelled (the run has ended), internal (Redis has lost events of
   * this attempt or refuses them) or the signal's reason; nothing is written from then on.
   */
  readonly publish: (event: AttemptEvent) => Promise<void>;
  /** Resolves when Redis has acknowledged everything published; rejects as `publish` does. */
  readonly flush: () => Promise<void>;
  /** Aborts at once when the publisher can write no more, with the BatonError as its reason: end the agent's call. */
  readonly lost: AbortSignal;
  /** Events are this agent's from here on; resolves when Redis has those before, and rejects as `publish` does. */
  readonly speakAs: (agent: string) => Promise<void>;
  /** Drops what waits and stops trying. Call it when the attempt is over, after `flush` if its events are to count. */
  readonly close: () => void;
};

/** Opens the only way by which an attempt's events enter a stream (guarantees R2, R3). A Redis that fails is tried again. */
export function openPublisher(options: PublisherOptions): Publisher {
  const publisher = new AttemptPublisher(options);
  return {
    publish: (event) => publisher.publish(event),
    flush: () => publisher.flush(),
    lost: publisher.lost,
    speakAs: (agent) => publisher.speakAs(agent),
    close: () => publisher.close(),
  };
}

class AttemptPublisher {
  readonly #options: PublisherOptions;
  #agent: string;
  readonly #lost = new AbortController();
  readonly #stopped = new AbortController();
  #held: AttemptEvent | undefined;
  #waiting: AttemptEvent[] = [];
  #chars = 0;
  #next = 1;
  #sending: Promise<void> | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#agent = options.agent;
    const { signal } = options;
    const abort = (): void => this.#fail(toAbortError(signal?.reason));
    signal?.addEventListener('abort', abort, { once: true, signal: this.#stopped.signal });
    if (signal?.aborted === true) abort();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async publish(event: AttemptEvent): Promise<void> {
    this.#stopped.signal.throwIfAborted();
    const { ready, held } = admit(this.#held, event);
    this.#held = held;
    this.#enqueue(ready);
    if (this.#chars <= BUFFER_CHARS) return;
    this.#room ??= Promise.withResolvers();
    await this.#room.promise;
  }

  async flush(): Promise<void> {
    this.#stopped.signal.throwIfAborted();
    if (this.#held !== undefined) this.#enqueue([this.#held]);
    this.#held = undefined;
    while (this.#sending !== undefined) await this.#sending;
    this.#stopped.signal.throwIfAborted();
  }

  async speakAs(agent: string): Promise<void> {
    if (agent === this.#agent) return;
    await this.flush();
    this.#agent = agent;
  }

  close(): void {
    this.#stop(closed);
  }

  #enqueue(events: readonly AttemptEvent[]): void {
    this.#waiting.push(...events);
    this.#chars += sizeOf(events);
    if (this.#waiting.length > 0) this.#sending ??= this.#send();
  }

  /** Appends until nothing waits: the first event goes alone, at once, and whatever comes meanwhile goes together. */
  async #send(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const { batch, rest } = coalesce(this.#waiting, limits.tokensPerAppend);
        this.#waiting = [...rest];
        await this.#append(batch);
        this.#next += batch.length;
        this.#recount();
      }
    } catch (error) {
      this.#fail(BatonError.from(error)); // not one of ours: Redis refuses these events, or the connection was closed
    } finally {
      this.#sending = undefined;
    }
  }

  /** One batch, under the same numbers until Redis has it: a resend after a lost reply writes nothing twice. */
  async #append(batch: readonly AttemptEvent[]): Promise<void> {
    const { store, run, task, epoch } = this.#options;
    const head = { task_id: task, agent_id: this.#agent, attempt: epoch };
    const events = batch.map((event): EventDraft => ({ ...event, ...head }));
    const append = () => appendEvents(store, { run, task, epoch, first: this.#next, events });
    const outcome = await retry(append, { redis: store.redis, signal: this.#stopped.signal });
    if (outcome !== 'written') throw refusals[outcome](this.#options);
  }

  #recount(): void {
    this.#chars = sizeOf(this.#waiting);
    if (this.#chars > BUFFER_CHARS) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  #fail(error: BatonError): void {
    if (this.#stopped.signal.aborted) return;
    this.#stop(error);
    this.#lost.abort(error);
  }

  #stop(error: BatonError): void {
    this.#stopped.abort(error);
    this.#waiting = [];
    this.#held = undefined;
    this.#room?.reject(error);
    this.#room = undefined;
  }
}

const refusals: Readonly<
  Record<Exclude<AppendOutcome, 'written'>, (at: { readonly run: string; readonly task: string }) => BatonError>
> = {
  stale: ({ run, task }) => new BatonError('lock_lost', `Another attempt has taken over task ${task} of run ${run}.`),
  closed: ({ run }) => new BatonError('cancelled', `Run ${run} has ended: nothing more is written to its stream.`),
  // What is missing had been acknowledged: Redis has lost writes (a crash between two fsyncs, a failover). Readers may have seen
  // them, so saying them again would double them; a new attempt voids them.
  gap: ({ run, task }) =>
    new BatonError('internal', `Redis has lost events of task ${task} of run ${run}: start the attempt again.`),
};

function sizeOf(events: readonly AttemptEvent[]): number {
  return events.reduce((sum, event) => sum + event.data.length + EVENT_CHARS, 0);
}

function toAbortError(reason: unknown): BatonError {
  return reason instanceof BatonError ? reason : new BatonError('cancelled', undefined, { cause: reason });
}
