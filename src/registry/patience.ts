import type { RegisteredAgent } from './registered-agent.ts';
import { slotWaitMs } from './slot-wait.ts';

/** Counts the tasks of this process that wait for a slot, and says when each looks again. */
export type Patience = {
  /** Milliseconds; `full` are the agents that it could have, best first. `random`: 0 to 1. */
  waitMs(full: readonly RegisteredAgent[], random: number): number;
};

/** Opens it. It remembers each task until that looks again, so at most as many as wait. */
export function openPatience(): Patience {
  /** When those that wait for an agent look again, by the agent they would like best. */
  const looks = new Map<string, readonly number[]>();
  return {
    waitMs: (full, random) => {
      const best = full[0]?.agent.agent_id ?? '';
      const now = performance.now();
      const others = (looks.get(best) ?? []).filter((at) => at > now);
      const waitMs = slotWaitMs({ waiting: others.length + 1, slots: slotsOf(full), callMs: callMsOf(full), random });
      looks.set(best, [...others, now + waitMs]);
      for (const [agent, at] of looks) if (at.every((time) => time <= now)) looks.delete(agent);
      return waitMs;
    },
  };
}

function slotsOf(full: readonly RegisteredAgent[]): number {
  return Math.max(
    1,
    full.reduce((sum, { agent }) => sum + (agent.max_concurrent_tasks ?? 0), 0),
  );
}

function callMsOf(full: readonly RegisteredAgent[]): number | null {
  const known = full.flatMap(({ record }) => record.latencyMs ?? []);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
