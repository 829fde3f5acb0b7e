import { BatonError } from '../../contracts/error.ts';
import type { AgentEvent } from '../call.ts';

/** Starts a handler: resolves when it has a place to run in. The signal tells it that nobody listens any more. */
export type Opening = (signal: AbortSignal) => Promise<AsyncIterable<AgentEvent>>;

/** What a handler says, kept from its first event for everybody who reads it. */
export type Recording = Readonly<{
  /** Resolves when the handler has a place to run in; rejects as its start does. */
  started: Promise<unknown>;
  /** All events from the first one on, those to come included. Throws what the handler threw. */
  read(): AsyncIterable<AgentEvent>;
  /** Nobody reads it any more: the handler's signal aborts, unless it has ended. */
  stop(): void;
  /** What its events hold so far. */
  bytes(): number;
}>;

export type RecordingOptions = Readonly<{
  open: Opening;
  /** What its events may hold; more is output_too_large. */
  maxBytes: number;
  /** Told once: true when the handler came to its done. */
  onEnd(finished: boolean): void;
}>;

/** For the handler only: it is told that its work is wanted no more. */
export const unheard = new BatonError('cancelled', 'Every caller has gone.');
/** What an event costs beside its text, which has two bytes per character. */
const EVENT_BYTES = 64;

/** Starts the handler at once. It is asked for its next event only when the foremost reader wants it. */
export function openRecording({ open, maxBytes, onEnd }: RecordingOptions): Recording {
  const controller = new AbortController();
  const heard: AgentEvent[] = [];
  let bytes = 0;
  let ended = false;
  let pending: Promise<void> | undefined;
  const started = open(controller.signal).then((events) => events[Symbol.asyncIterator]());
  started.catch(() => end(false));

  // However it came: the handler's place, its timers and its signal are let go.
  function end(finished: boolean): void {
    if (ended) return;
    ended = true;
    onEnd(finished);
    controller.abort(unheard);
    void started.then((events) => events.return?.()).catch(dropLate);
  }

  async function pull(): Promise<void> {
    const step = await (await started).next();
    if (step.done === true) return end(true);
    bytes += bytesOf(step.value);
    if (bytes > maxBytes) throw new BatonError('output_too_large', `The output is more than ${maxBytes} bytes.`);
    heard.push(step.value);
    // A question is no answer yet: the same call comes again with another body, the human's words in it.
    if (step.value.type === 'done' || step.value.type === 'question') end(step.value.type === 'done');
  }

  async function pullOnce(): Promise<void> {
    try {
      await pull();
    } catch (thrown) {
      end(false);
      throw thrown; // it stays pending: whoever asks later gets the same failure
    }
    pending = undefined;
  }

  async function* read(): AsyncGenerator<AgentEvent, void> {
    for (let at = 0; ; ) {
      const event = heard[at];
      if (event !== undefined) {
        at += 1;
        yield event;
      } else if (ended && pending === undefined) return;
      else {
        pending ??= pullOnce();
        await pending;
      }
    }
  }

  return { started, read, stop: () => end(false), bytes: () => bytes };
}

/** A failure of a handler after its run has ended: there is nobody to hear it. */
function dropLate(): void {}

function bytesOf(event: AgentEvent): number {
  return EVENT_BYTES + (event.type === 'done' ? 0 : 2 * event.text.length);
}
