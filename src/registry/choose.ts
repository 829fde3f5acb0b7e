import { setTimeout as pause } from 'node:timers/promises';
import type { AgentDescriptor } from '../contracts/agent.ts';
import type { SubTask } from '../contracts/plan.ts';
import { type Ranking, rankAgents } from './rank.ts';
import type { Registry } from './registry.ts';

/** How often a task that has no healthy agent looks again. */
const LOOK_AGAIN_MS = 250;

export type ChooserOptions = {
  readonly registry: Registry;
  readonly canCall: (agent: AgentDescriptor) => boolean;
  /** Asks an agent's health endpoint; true when it serves. Agents that cannot send heartbeats are found so. */
  readonly probe: (agent: AgentDescriptor) => Promise<boolean>;
  /** How long a task waits for a healthy agent, in milliseconds. */
  readonly waitMs: number;
};

type Need = { readonly task: SubTask; readonly failed: readonly string[] };

/** Finds the best agent for a task: `now` from what is known, `wait` also for one that turns up in time. */
export type Chooser = {
  now(need: Need): Promise<Ranking>;
  /** `eligible` is empty when none turned up. Throws the signal's reason when that aborts. */
  wait(need: Need, signal: AbortSignal): Promise<Ranking>;
};

/** Opens a chooser; it keeps nothing but whose turn it is. */
export function openChooser({ registry, canCall, probe, waitMs }: ChooserOptions): Chooser {
  let turn = 0;
  const now = async ({ task, failed }: Need): Promise<Ranking> => {
    turn += 1;
    return rankAgents({ task, failed, canCall, turn, agents: await registry.recent() });
  };

  async function wait(need: Need, signal: AbortSignal): Promise<Ranking> {
    const deadline = performance.now() + waitMs;
    for (;;) {
      const ranking = await now(need);
      if (ranking.eligible.length > 0) return ranking;
      const probed = await probeSilent(need);
      if (probed) return now(need);
      if (performance.now() >= deadline) return ranking;
      await pause(LOOK_AGAIN_MS, undefined, { signal });
    }
  }

  /** True when an agent that had fallen silent answered its health endpoint: it serves, so it is healthy. */
  async function probeSilent({ task }: Need): Promise<boolean> {
    const silent = (await registry.recent()).filter(
      ({ agent, healthy }) =>
        !healthy &&
        agent.capabilities.includes(task.required_capability) &&
        (task.agent === undefined || task.agent === agent.agent_id) &&
        agent.transport === 'http',
    );
    const answers = await Promise.all(
      silent.map(async ({ agent }) => (await probe(agent)) && (await registry.revive(agent.agent_id))),
    );
    return answers.includes(true);
  }

  return { now, wait };
}
