import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { BatonError } from '../contracts/error.ts';
import { decodeEntry, type StreamEntry } from '../journal/event-codec.ts';
import { pause, retryPauseMs } from '../journal/retry.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { Backlog, type SizedEvent } from './backlog.ts';

const script = loadScript(new URL('./kept.lua', import.meta.url));

/** Milliseconds one read waits: below every socket timeout, and the period in which a removed run is noticed. */
const BLOCK_MS = 5_000;
/** Entries of one stream in one reply. */
const BATCH = 200;
/** Seconds the wake stream outlives its last use. */
const WAKE_TTL_SECONDS = 3_600;
/** How long close() waits for the read under way; with Redis away it would never return. */
const CLOSE_MS = 1_000;
/** What an event holds beside its texts, in bytes. */
const EVENT_BYTES = 300;

/** Where failures are told; pino's logger is one. */
export type StreamLog = { readonly warn: (fields: object, text: string) => void };

export type SharedReaderOptions = {
  readonly store: Store;
  /** A connection for this reader alone; its owner closes it after close(). */
  readonly blockingRedis: Redis;
  readonly log?: StreamLog;
  /** Milliseconds one read waits at most. Default 5,000; the connection's socketTimeout must be longer. */
  readonly blockMs?: number;
};

/** One reader's place among those of its run: it gets what comes after the event `from`. */
export type Membership = { readonly from: string; readonly backlog: Backlog; readonly leave: () => void };

/** One run that is read: everything up to `cursor` has been handed to the backlogs that were there. */
type Source = { readonly run: string; readonly key: string; cursor: string; readonly backlogs: Set<Backlog> };
type Asked = { readonly source: Source; readonly cursor: string };
type Reply = ReadonlyMap<string, readonly StreamEntry[]>;

/**
 * Reads the streams of all runs that somebody follows with one blocking connection (guarantees R8). Each read names every
 * stream again, so its cost grows with their number: above about 500 followed runs a process wants a second one of these.
 */
export class SharedReader {
  readonly #store: Store;
  readonly #blocking: Redis;
  readonly #log: StreamLog | undefined;
  readonly #blockMs: number;
  readonly #wakeKey: string;
  readonly #sources = new Map<string, Source>();
  readonly #closing = new AbortController();
  #wakeCursor = '0-0';
  /** Whether a read is under way that has not been woken. */
  #asleep = false;
  #running = false;
  #ended: Promise<void> = Promise.resolve();
  #surveyedAt = performance.now();

  constructor({ store, blockingRedis, log, blockMs = BLOCK_MS }: SharedReaderOptions) {
    this.#store = store;
    this.#blocking = blockingRedis;
    this.#log = log;
    this.#blockMs = blockMs;
    this.#wakeKey = store.keys.wake(randomUUID());
  }

  /** Aborts when close() begins. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Adds a reader that has seen the stream up to `tail`, the id of an entry. `from` may be later when others read this run. */
  join(run: string, tail: string): Membership {
    const key = this.#store.keys.run(run).events;
    const source = this.#sources.get(key) ?? { run, key, cursor: tail, backlogs: new Set() };
    const backlog = new Backlog();
    source.backlogs.add(backlog);
    if (!this.#sources.has(key)) this.#add(source);
    return { from: source.cursor, backlog, leave: () => this.#leave(source, backlog) };
  }

  /** Stops reading. Whoever still reads is told by `closing`. */
  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#asleep) this.#wake();
    const patience = new AbortController();
    await Promise.race([this.#ended, pause(CLOSE_MS, patience.signal)]);
    patience.abort();
  }

  #add(source: Source): void {
    this.#sources.set(source.key, source);
    if (this.#asleep) this.#wake();
    if (this.#running) return;
    this.#running = true;
    this.#ended = this.#run();
  }

  #leave(source: Source, backlog: Backlog): void {
    source.backlogs.delete(backlog);
    if (source.backlogs.size === 0) this.#drop(source);
  }

  #drop(source: Source): void {
    if (this.#sources.get(source.key) === source) this.#sources.delete(source.key);
  }

  /** Ends the read under way, so that the next one names all streams. If it fails, BLOCK ends that read a little later. */
  #wake(): void {
    this.#asleep = false;
    const { redis } = this.#store;
    const entry = redis.xadd(this.#wakeKey, 'MAXLEN', 1, '*', 'w', '1');
    const expiry = redis.expire(this.#wakeKey, WAKE_TTL_SECONDS);
    Promise.all([entry, expiry]).catch((err: unknown) => this.#log?.warn({ err }, 'cannot wake the stream reader'));
  }

  /** Reads while there is something to read. Cursors move only when a reply was handed on: a failed read is simply repeated. */
  async #run(): Promise<void> {
    for (let failures = 0; this.#sources.size > 0 && !this.#closing.signal.aborted; ) {
      try {
        await this.#readOnce();
        failures = 0;
      } catch (error) {
        failures += 1;
        await this.#afterFailure(error, failures);
      }
    }
    this.#running = false; // in the same step as the last look at the sources: a reader that joins now starts a new loop
  }

  async #readOnce(): Promise<void> {
    const asked = [...this.#sources.values()].map((source) => ({ source, cursor: source.cursor }));
    const reply = await this.#read(asked);
    this.#wakeCursor = reply.get(this.#wakeKey)?.at(-1)?.[0] ?? this.#wakeCursor;
    const isSurveyDue = performance.now() - this.#surveyedAt >= this.#blockMs;
    if (isSurveyDue) this.#surveyedAt = performance.now();
    await this.#handOn(isSurveyDue ? asked : asked.filter(({ source }) => reply.has(source.key)), reply);
  }

  async #read(asked: readonly Asked[]): Promise<Reply> {
    const streams = [this.#wakeKey, ...asked.map(({ source }) => source.key)];
    const cursors = [this.#wakeCursor, ...asked.map(({ cursor }) => cursor)];
    this.#asleep = true;
    try {
      const reply = this.#blocking.xread('COUNT', BATCH, 'BLOCK', this.#blockMs, 'STREAMS', ...streams, ...cursors);
      return new Map(await reply);
    } finally {
      this.#asleep = false;
    }
  }

  /**
   * Gives new entries to the readers, if it is certain that none is missing before them. A source that everybody left meanwhile
   * has nobody to give to; whoever came since is in a source of its own, with a cursor of its own.
   */
  async #handOn(asked: readonly Asked[], reply: Reply): Promise<void> {
    if (asked.length === 0) return;
    const keys = asked.map(({ source }) => source.key);
    const states = await runScript(this.#store.redis, script, { keys, args: asked.map(({ cursor }) => cursor) });
    asked.forEach(({ source }, index) => {
      const state = (states as readonly number[])[index]; // the script returns nothing else
      if (state === -1) this.#lose(source, new BatonError('run_not_found', `Run ${source.run} is no longer there.`));
      else if (state === 0) this.#sendToReplay(source);
      else this.#deliver(source, reply.get(source.key) ?? []);
    });
  }

  #deliver(source: Source, entries: readonly StreamEntry[]): void {
    try {
      for (const entry of entries) this.#give(source, sizedEvent(source.run, entry));
    } catch (error) {
      // An entry this version does not understand ends its own run's readers, not everybody's.
      this.#log?.warn({ err: error, run: source.run }, 'a stream entry cannot be read');
      this.#lose(source, BatonError.from(error));
    }
  }

  #give(source: Source, sized: SizedEvent): void {
    for (const backlog of source.backlogs) {
      if (!backlog.push(sized)) this.#leave(source, backlog);
    }
    source.cursor = sized.event.id;
  }

  /** Each reader goes back to the stream from where it is, and finds there whether it has missed something. */
  #sendToReplay(source: Source): void {
    this.#drop(source);
    for (const backlog of source.backlogs) backlog.lag();
  }

  #lose(source: Source, error: BatonError): void {
    this.#drop(source);
    for (const backlog of source.backlogs) backlog.fail(error);
  }

  async #afterFailure(error: unknown, failures: number): Promise<void> {
    if (this.#closing.signal.aborted) return;
    if (failures === 1) this.#log?.warn({ err: error }, 'the stream reader cannot read; it tries again');
    if (this.#blocking.status === 'end' || this.#store.redis.status === 'end') {
      const text = 'A connection of the stream reader was closed before the reader.';
      const ended = new BatonError('store_unavailable', text, { cause: error });
      for (const source of this.#sources.values()) this.#lose(source, ended);
    }
    await pause(retryPauseMs(failures), this.#closing.signal);
  }
}

function sizedEvent(run: string, entry: StreamEntry): SizedEvent {
  const chars = entry[1].reduce((sum, text) => sum + text.length, 0);
  return { event: decodeEntry(run, entry), bytes: 2 * chars + EVENT_BYTES };
}
