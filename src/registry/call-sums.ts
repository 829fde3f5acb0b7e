import { randomUUID } from 'node:crypto';
import { defaults, limits } from '../contracts/limits.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import type { BreakerRule } from './breaker.ts';

const script = loadScript(new URL('./record-outcomes.lua', import.meta.url));

/** How long the number of a process's last batch is kept: longer than any resend after an outage that it survives. */
export const BATCH_KEPT_MS = 10 * 60_000;
/** After ten half-lives a call counts a thousandth. */
const KEPT_HALF_LIVES = 10;

/** What one call shows of its agent. */
type Call = { readonly good: boolean; readonly serves: boolean; readonly latencyMs: number };

/** What agents' calls came to since the last batch, waiting to be written together to their records. */
export type CallSums = {
  add(agent: string, call: Call): void;
  /** Agents that wait. */
  readonly size: number;
  /** Takes what waits; the result writes it, once however often it is sent. One after the other: the number of the last batch says which ones are counted. */
  take(): () => Promise<void>;
};

type Sum = { calls: number; good: number; latencyMs: number; served: boolean; failures: number };

/** Opens them, empty. `rule`: when a breaker opens by them, and for how long. */
export function openCallSums({ redis, keys }: Store, rule: BreakerRule): CallSums {
  const process = keys.outcomes(randomUUID());
  let sums = new Map<string, Sum>();
  let batch = 0;

  async function write(taken: ReadonlyMap<string, Sum>): Promise<void> {
    if (taken.size === 0) return;
    batch += 1;
    const ids = [...taken.keys()];
    await runScript(redis, script, {
      keys: [process, keys.agentEvents, ...ids.flatMap((id) => [keys.agentStats(id), keys.agentBreaker(id)])],
      args: [
        ...[batch, BATCH_KEPT_MS, defaults.scoreHalfLifeMs, limits.recordCalls, rule.failures, rule.openMs],
        ...[limits.breakerHalfOpenMs, defaults.scoreHalfLifeMs * KEPT_HALF_LIVES, limits.agentEvents],
        ...[...taken].flatMap(([id, sum]) => [id, ...toArgs(sum)]),
      ],
    });
  }

  return {
    add: (agent, call) => {
      const sum = sums.get(agent) ?? { calls: 0, good: 0, latencyMs: 0, served: false, failures: 0 };
      sums.set(agent, sum);
      addCall(sum, call);
    },
    get size() {
      return sums.size;
    },
    take: () => {
      const taken = sums;
      sums = new Map();
      return () => write(taken);
    },
  };
}

function addCall(sum: Sum, { good, serves, latencyMs }: Call): void {
  sum.calls += 1;
  if (good) {
    sum.good += 1;
    sum.latencyMs += latencyMs;
  }
  sum.served ||= serves;
  sum.failures = serves ? 0 : sum.failures + 1;
}

function toArgs({ calls, good, latencyMs, served, failures }: Sum): readonly (string | number)[] {
  return [calls, good, latencyMs.toFixed(3), served ? '1' : '0', failures];
}
