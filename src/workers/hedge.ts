import { setTimeout as pause } from 'node:timers/promises';
import type { AgentEvent } from '../agents/call.ts';
import type { AgentDescriptor } from '../contracts/agent.ts';
import { BatonError } from '../contracts/error.ts';

/** One agent's call: its events begin when they are read. */
export type AgentCalled = { readonly agent: AgentDescriptor; readonly events: AsyncIterable<AgentEvent> };

export type HedgeOptions = {
  readonly first: AgentCalled;
  /** Milliseconds without an answer after which a second agent is called. */
  readonly afterMs: number;
  /** The second agent's call; undefined when there is none to call. */
  readonly openSecond: () => Promise<AgentCalled | undefined>;
};

/** Whose answer counts, and with what the other call failed before that was decided. */
export type Lead = AgentCalled & { readonly failed: BatonError | undefined };

/**
 * Calls a second agent when the first has said nothing of its answer for `afterMs`. The first good answer counts: whoever begins to
 * answer first is read on, and the other call is ended there and then, as gRPC's hedging has it; so a stream never mixes two. A call
 * that fails before leaves the other one alone; when both have failed, the last one leads, and reading it throws its failure. Leaving
 * the lead's events ends its call.
 */
export async function openHedged({ first, afterMs, openSecond }: HedgeOptions): Promise<Lead> {
  const racer = openRacer(first);
  const timer = new AbortController();
  const late = pause(afterMs, 'late' as const, { signal: timer.signal }).catch(() => 'late' as const);
  const early = await Promise.race([racer.begun, late]);
  timer.abort();
  if (early !== 'late') return leadOf(early, undefined);
  const called = await openSecond().catch((thrown: unknown) => {
    racer.leave();
    throw thrown;
  });
  if (called === undefined) return leadOf(await racer.begun, undefined);
  return race([racer, openRacer(called)]);
}

/** Text of the answer or its end: what a call is decided by. */
function isAnswer({ type }: AgentEvent): boolean {
  return type !== 'status';
}

type Begun = { readonly racer: Racer; readonly error: BatonError | undefined };

type Racer = AgentCalled & {
  /** Resolves with the first word of the answer, or with the failure before it. Never rejects. */
  readonly begun: Promise<Begun>;
  leave(): void;
};

/** Reads up to the first word of the answer; `events` gives all from the beginning, statuses included. */
function openRacer({ agent, events }: AgentCalled): Racer {
  const source = events[Symbol.asyncIterator]();
  const heard: AgentEvent[] = [];
  const racer: Racer = {
    agent,
    events: { [Symbol.asyncIterator]: () => resume(heard, source) },
    begun: listen().then(
      () => ({ racer, error: undefined }),
      (thrown: unknown) => ({ racer, error: BatonError.from(thrown) }),
    ),
    leave: () => void source.return?.().catch(() => undefined), // an ended call has nobody to report to
  };
  return racer;

  async function listen(): Promise<void> {
    for (;;) {
      const step = await source.next();
      if (step.done === true) return;
      // An agent that only reports its status for long: the newest is what a reader wants.
      if (heard.length === STATUSES) heard.shift();
      heard.push(step.value);
      if (isAnswer(step.value)) return;
    }
  }
}

/** Statuses of an undecided call that are kept. */
const STATUSES = 100;

async function* resume(
  heard: readonly AgentEvent[],
  source: AsyncIterator<AgentEvent>,
): AsyncGenerator<AgentEvent, void> {
  try {
    yield* heard;
    for (let step = await source.next(); step.done !== true; step = await source.next()) yield step.value;
  } finally {
    await source.return?.();
  }
}

async function race(racers: readonly [Racer, Racer]): Promise<Lead> {
  const begun = await Promise.race(racers.map((racer) => racer.begun));
  const other = racers.find((racer) => racer !== begun.racer) as Racer; // one of two
  if (begun.error === undefined) {
    other.leave();
    return leadOf(begun, undefined);
  }
  return leadOf(await other.begun, begun.error);
}

/** A call that failed is a lead too: reading it throws what it failed with. */
function leadOf({ racer, error }: Begun, failed: BatonError | undefined): Lead {
  return { agent: racer.agent, failed, events: error === undefined ? racer.events : failing(error) };
}

async function* failing(error: BatonError): AsyncGenerator<AgentEvent, void> {
  yield* [];
  throw error;
}
