import { BatonError } from '../../contracts/error.ts';
import { openDeadline, type WaitLimits } from '../../outbound/deadline.ts';
import type { AgentEvent } from '../call.ts';
import { readWithin } from '../read-within.ts';

/** Starts a handler: resolves when it has a place to run in. The signal tells it that nobody listens any more. */
export type Opening = (signal: AbortSignal) => Promise<AsyncIterable<AgentEvent>>;

/** What one caller hears of a run, from its first event. `leave` must be called at the end, in whatever way it came. */
export type Hearing = Readonly<{ events: AsyncIterable<AgentEvent>; leave(): void }>;

/** One run of a handler that several callers hear. It ends when the last of them has left. */
export type SharedRun = Readonly<{
  /** Throws what the start of the handler threw. */
  join(gone: AbortSignal): Promise<Hearing>;
  /** What its events hold so far. */
  bytes(): number;
}>;

export type SharedRunOptions = Readonly<{
  open: Opening;
  /** Bounds of each caller's waits. */
  limits: WaitLimits;
  peer: string;
  /** What its events may hold; more is output_too_large. */
  maxBytes: number;
  /** Told once: true when the handler came to its done. */
  onEnd(finished: boolean): void;
}>;

/** For the handler only: it is told that its work is wanted no more. */
const unheard = new BatonError('cancelled', 'Every caller has gone.');
/** What an event costs beside its text, which has two bytes per character. */
const EVENT_BYTES = 64;

/** A run for one caller, of which nothing is kept. */
export async function hearAlone(open: Opening, gone: AbortSignal): Promise<Hearing> {
  const run = new AbortController();
  return { events: await open(AbortSignal.any([run.signal, gone])), leave: () => run.abort(unheard) };
}

/** Starts the handler at once. It is asked for its next event only when the foremost caller wants it. */
export function openSharedRun({ open, limits, peer, maxBytes, onEnd }: SharedRunOptions): SharedRun {
  const controller = new AbortController();
  const heard: AgentEvent[] = [];
  const callers = new Set<object>();
  let bytes = 0;
  let ended = false;
  let pending: Promise<void> | undefined;

  const started = open(controller.signal).then((events) => events[Symbol.asyncIterator]());
  // However it came: the handler's place, its timers and its signal are let go.
  const end = (finished: boolean): void => {
    if (ended) return;
    ended = true;
    onEnd(finished);
    controller.abort(unheard);
    void started.then((events) => events.return?.()).catch(dropLate);
  };
  started.catch(() => end(false));

  const pull = async (): Promise<void> => {
    const step = await (await started).next();
    if (step.done === true) return end(true);
    bytes += bytesOf(step.value);
    if (bytes > maxBytes) throw new BatonError('output_too_large', `The output is more than ${maxBytes} bytes.`);
    heard.push(step.value);
    if (step.value.type === 'done') end(true);
    // It is no answer yet: the same call comes again with another body, the human's words in it.
    if (step.value.type === 'question') end(false);
  };
  // A failure stays: whoever asks later gets the same.
  const more = (): Promise<void> => {
    pending ??= pull().then(
      () => {
        pending = undefined;
      },
      (thrown: unknown) => {
        end(false);
        throw thrown;
      },
    );
    return pending;
  };
  async function* read(): AsyncGenerator<AgentEvent, void> {
    for (let at = 0; ; ) {
      const event = heard[at];
      if (event !== undefined) {
        at += 1;
        yield event;
      } else if (ended && pending === undefined) return;
      else await more();
    }
  }

  return {
    join: (signal) => {
      const caller = {};
      callers.add(caller);
      const leave = (): void => {
        callers.delete(caller);
        if (callers.size === 0) end(false);
      };
      return hear({ started, read, leave }, { limits, signal, peer });
    },
    bytes: () => bytes,
  };
}

/** A failure of a handler after its run has ended: there is nobody to hear it. */
function dropLate(): void {}

type Heard = Pick<Hearing, 'leave'> & Readonly<{ started: Promise<unknown>; read: () => AsyncIterable<AgentEvent> }>;
type Listening = Parameters<typeof openDeadline>[0] & Readonly<{ signal: AbortSignal }>;

/** Whoever goes before the run has begun leaves it too. */
async function hear({ started, read, leave }: Heard, listening: Listening): Promise<Hearing> {
  listening.signal.addEventListener('abort', leave, { once: true });
  try {
    await startWithin(started, listening);
  } catch (thrown) {
    leave();
    throw thrown;
  }
  return { events: readWithin(listening, read), leave };
}

async function startWithin(started: Promise<unknown>, options: Parameters<typeof openDeadline>[0]): Promise<void> {
  const deadline = openDeadline(options);
  try {
    await deadline.guard(started, 'idle');
  } finally {
    deadline.close();
  }
}

function bytesOf(event: AgentEvent): number {
  return EVENT_BYTES + (event.type === 'done' ? 0 : 2 * event.text.length);
}
