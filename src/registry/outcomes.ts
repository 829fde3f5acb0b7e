import { randomUUID } from 'node:crypto';
import type { AgentDescriptor } from '../contracts/agent.ts';
import type { ErrorCode } from '../contracts/error.ts';
import { defaults, limits } from '../contracts/limits.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import type { Breakers } from './breaker.ts';
import { signOf } from './outcome.ts';

const script = loadScript(new URL('./record-outcomes.lua', import.meta.url));

/** How long an outcome waits for others: what no task has to wait for costs one round trip for all of them. */
const FLUSH_MS = 1_000;
/** Agents of one batch; a fuller one leaves at once. */
const MOST_AGENTS = 500;
/** How long the number of a process's last batch is kept: longer than any resend after an outage that it survives. */
const BATCH_KEPT_MS = 10 * 60_000;
/** After ten half-lives a call counts a thousandth. */
const KEPT_HALF_LIVES = 10;

export type CallOutcome = {
  readonly agent: AgentDescriptor;
  /** Of the call alone. */
  readonly latencyMs: number;
  /** Undefined for a good answer. */
  readonly error: ErrorCode | undefined;
};

/** Counts what became of calls, for all workers. Only what counted for its task may be told: a stale attempt changes no score (I9). */
export type Outcomes = AsyncDisposable & {
  record(outcome: CallOutcome): void;
  /** Resolves when everything recorded so far is counted. */
  flush(): Promise<void>;
};

export type OutcomesOptions = Store & {
  readonly breakers: Breakers;
  /** A call went well: its agent serves. */
  readonly onServed?: (agent: string) => Promise<void>;
  readonly onError: (error: unknown) => void;
};

/** What one agent's calls came to since the last batch. */
type Sum = { calls: number; good: number; latencyMs: number; served: boolean; failures: number };

/** Opens it; dispose sends what is left. A batch that cannot be sent is lost, and told: a record is an estimate. */
export function openOutcomes(options: OutcomesOptions): Outcomes {
  const { redis, keys, breakers, onServed, onError } = options;
  const process = keys.outcomes(randomUUID());
  let sums = new Map<string, Sum>();
  let batch = 0;
  let sending: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const sent = sums;
    sums = new Map();
    // One after the other: the number of the last batch says which ones are counted.
    if (sent.size > 0) sending = sending.then(() => send(sent)).catch(onError);
    return sending;
  }

  async function send(sent: ReadonlyMap<string, Sum>): Promise<void> {
    batch += 1;
    const { failures, openMs } = breakers.rule;
    await runScript(redis, script, {
      keys: [
        process,
        keys.agentEvents,
        ...[...sent.keys()].flatMap((id) => [keys.agentStats(id), keys.agentBreaker(id)]),
      ],
      args: [
        ...[batch, BATCH_KEPT_MS, defaults.scoreHalfLifeMs, limits.recordCalls],
        ...[failures, openMs, limits.breakerHalfOpenMs, defaults.scoreHalfLifeMs * KEPT_HALF_LIVES, limits.agentEvents],
        ...[...sent].flatMap(([id, sum]) => [id, ...toArgs(sum)]),
      ],
    });
  }

  async function judge(id: string, serves: boolean): Promise<void> {
    if (await breakers.note(id, serves)) await flush();
    if (serves) await onServed?.(id);
  }

  return {
    flush,
    record: ({ agent, latencyMs, error }) => {
      const sign = signOf(agent, error);
      if (sign === undefined) return;
      add(sums, agent.agent_id, { ...sign, latencyMs });
      judge(agent.agent_id, sign.serves).catch(onError);
      timer ??= setTimeout(flush, FLUSH_MS).unref();
      if (sums.size >= MOST_AGENTS) void flush();
    },
    [Symbol.asyncDispose]: flush,
  };
}

type Call = { readonly good: boolean; readonly serves: boolean; readonly latencyMs: number };

function add(sums: Map<string, Sum>, id: string, { good, serves, latencyMs }: Call): void {
  const sum = sums.get(id) ?? { calls: 0, good: 0, latencyMs: 0, served: false, failures: 0 };
  sum.calls += 1;
  if (good) {
    sum.good += 1;
    sum.latencyMs += latencyMs;
  }
  sum.served ||= serves;
  sum.failures = serves ? 0 : sum.failures + 1;
  sums.set(id, sum);
}

function toArgs({ calls, good, latencyMs, served, failures }: Sum): readonly (string | number)[] {
  return [calls, good, latencyMs.toFixed(3), served ? '1' : '0', failures];
}
