import { openDeadline, type WaitLimits } from '../../outbound/deadline.ts';
import type { AgentEvent } from '../call.ts';
import { readWithin } from '../read-within.ts';
import { type Opening, openRecording, type RecordingOptions, unheard } from './recording.ts';

/** What one caller hears of a run, from its first event. `leave` must be called at the end, in whatever way it came. */
export type Hearing = Readonly<{ events: AsyncIterable<AgentEvent>; leave(): void }>;

/** One run of a handler that several callers hear. It ends when the last of them has left. */
export type SharedRun = Readonly<{
  /** Throws what the start of the handler threw. */
  join(gone: AbortSignal): Promise<Hearing>;
  /** What its events hold so far. */
  bytes(): number;
}>;

export type SharedRunOptions = RecordingOptions &
  Readonly<{
    /** Bounds of each caller's waits. */
    limits: WaitLimits;
    peer: string;
  }>;

/** A run for one caller, of which nothing is kept. */
export async function hearAlone(open: Opening, gone: AbortSignal): Promise<Hearing> {
  const run = new AbortController();
  return { events: await open(AbortSignal.any([run.signal, gone])), leave: () => run.abort(unheard) };
}

/** Starts the handler at once. It is asked for its next event only when the foremost caller wants it. */
export function openSharedRun({ open, limits, peer, maxBytes, onEnd }: SharedRunOptions): SharedRun {
  const recording = openRecording({ open, maxBytes, onEnd });
  const callers = new Set<object>();
  return {
    join: (signal) => {
      const caller = {};
      callers.add(caller);
      const leave = (): void => {
        callers.delete(caller);
        if (callers.size === 0) recording.stop();
      };
      return hear({ ...recording, leave }, { limits, signal, peer });
    },
    bytes: recording.bytes,
  };
}

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
