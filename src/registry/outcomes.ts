import type { AgentDescriptor, Capability } from '../contracts/agent.ts';
import type { ErrorCode } from '../contracts/error.ts';
import type { Store } from '../journal/store.ts';
import type { Breakers } from './breaker.ts';
import { openCallSums } from './call-sums.ts';
import { type Deed, openHistory, type Worked } from './history.ts';
import { signOf } from './outcome.ts';

/** How long an outcome waits for others: what no task has to wait for costs one round trip for all of them. */
const FLUSH_MS = 1_000;
/** Agents of one batch; a fuller one leaves at once. */
const MOST_AGENTS = 500;

export type CallOutcome = {
  readonly agent: AgentDescriptor;
  /** Of the call alone. */
  readonly latencyMs: number;
  /** Undefined for a good answer. */
  readonly error: ErrorCode | undefined;
  /** What it was called for; undefined where that is not to be remembered. */
  readonly work?: CalledFor | undefined;
};

/** What an agent was called for, and what is known of its answer. */
export type CalledFor = {
  readonly capability: Capability;
  /** 0 to 1 by its own word. */
  readonly confidence: number | null;
  readonly cost: number | null;
  readonly tokens: number | null;
};

/** What a reviewer said of an agent's work, 0 to 1. */
export type Judgement = Worked & { readonly quality: number };

/** An agent's own word counts so much beside a reviewer's: it may well praise itself. */
const OWN_WORD = 0.25;

/** Counts what became of calls, for all workers. Only what counted for its task may be told: a stale attempt changes no score (I9). */
export type Outcomes = AsyncDisposable & {
  record(outcome: CallOutcome): void;
  /** Adds a reviewer's word to the history of an agent. */
  judge(judgement: Judgement): void;
  /** Resolves when everything recorded so far is counted. */
  flush(): Promise<void>;
};

export type OutcomesOptions = Store & {
  readonly breakers: Breakers;
  /** A call went well: its agent serves. */
  readonly onServed?: (agent: string) => Promise<void>;
  readonly onError: (error: unknown) => void;
};

/** Opens it; dispose sends what is left. A batch that cannot be sent is lost, and told: a record is an estimate. */
export function openOutcomes(options: OutcomesOptions): Outcomes {
  const { breakers, onServed, onError } = options;
  const sums = openCallSums(options, breakers.rule);
  const history = openHistory(options);
  let sending: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    for (const write of [sums.take(), history.take()]) sending = sending.then(write).catch(onError);
    return sending;
  }

  function flushSoon(): void {
    timer ??= setTimeout(flush, FLUSH_MS).unref();
    if (sums.size >= MOST_AGENTS || history.size >= MOST_AGENTS) void flush();
  }

  async function noteSign(id: string, serves: boolean): Promise<void> {
    if (await breakers.note(id, serves)) await flush();
    if (serves) await onServed?.(id);
  }

  return {
    flush,
    record: ({ agent, latencyMs, error, work }) => {
      const sign = signOf(agent, error);
      if (sign === undefined) return;
      sums.add(agent.agent_id, { ...sign, latencyMs });
      noteSign(agent.agent_id, sign.serves).catch(onError);
      if (work !== undefined) history.add({ agent: agent.agent_id, ...work }, deedOf(work, sign.good, latencyMs));
      flushSoon();
    },
    judge: ({ quality, ...worked }) => {
      history.add(worked, { ...nothing, quality, qualityWeight: 1 });
      flushSoon();
    },
    [Symbol.asyncDispose]: flush,
  };
}

const nothing = { outcome: null, quality: null, qualityWeight: 0, cost: null, tokens: null, latencyMs: null } as const;

function deedOf({ confidence, cost, tokens }: CalledFor, good: boolean, latencyMs: number): Deed {
  if (!good) return { ...nothing, outcome: 'failed' };
  return { outcome: 'done', quality: confidence, qualityWeight: OWN_WORD, cost, tokens, latencyMs };
}
