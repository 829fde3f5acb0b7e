import { setImmediate as nextTurn } from 'node:timers/promises';
import { BatonError } from '../contracts/error.ts';
import { type DeadlineOptions, openDeadline } from '../outbound/deadline.ts';
import type { AgentEvent } from './call.ts';

/** One for all: it only tells a handler that nobody listens any more, and an error costs its stack trace. */
const stopped = new BatonError('cancelled', 'The reader has stopped.');
/** Events after which the loop lets timers and sockets run. */
const EVENTS_PER_TURN = 64;

/**
 * Reads a handler's events under a deadline: it ends when a limit passes or the caller stops, also when the handler pays
 * no heed to its signal; what such a handler says later is dropped. The handler's signal aborts at every end.
 */
export async function* readWithin(
  options: DeadlineOptions,
  open: (signal: AbortSignal) => AsyncIterable<AgentEvent>,
): AsyncGenerator<AgentEvent, void> {
  const deadline = openDeadline(options);
  let events: AsyncIterator<AgentEvent> | undefined;
  try {
    events = open(deadline.signal)[Symbol.asyncIterator]();
    for (let count = 1; ; count += 1) {
      const step = await deadline.guard(events.next(), 'idle');
      if (step.done) return;
      yield step.value;
      // A handler that yields without ever waiting would keep this process from its timers, the deadline's included.
      if (count % EVENTS_PER_TURN === 0) await nextTurn();
    }
  } finally {
    deadline.abort(stopped);
    deadline.close();
    // Not awaited: a handler that hangs would hold its caller. It has been told by its signal.
    events?.return?.().catch(dropLate);
  }
}

/** A handler's failure after its call has ended: the end was reported already and this one has nobody to go to. */
function dropLate(): void {}
