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

/** Opens a chooser; it keeps nothing but whose turn it is, by capability. */
export function openChooser({ registry, canCall, probe, waitMs }: ChooserOptions): Chooser {
  const turns = new Map<string, number>();
  const now = async ({ task, failed }: Need): Promise<Ranking> => {
    const turn = turns.get(task.required_capability) ?? 0;
    turns.set(task.required_capability, turn + 1);
    return rankAgents({ task, failed, canCall, turn, agents: await registry.recent() });
  };

  async function wait(need: Need, signal: AbortSignal): Promise<Ranking> {
    const deadline = performance.now() + waitMs;
    for (;;) {
      signal.throwIfAborted();
      const ranking = await now(need);
      if (ranking.eligible.length > 0 || performance.now() >= deadline) return ranking;
      const revived = await unlessAborted(Promise.all(ranking.silent.map(probeSilent)), signal);
      if (revived?.includes(true) !== true) await unlessAborted(pause(LOOK_AGAIN_MS), signal);
    }
  }

  /** True when an agent that had fallen silent answers its health endpoint: it serves, so it is healthy. */
  async function probeSilent(agent: AgentDescriptor): Promise<boolean> {
    return (await probe(agent)) && (await registry.revive(agent.agent_id));
  }

  return { now, wait };
}

/** What `work` gives, or undefined as soon as the signal aborts: the loop then throws the signal's own reason. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const aborted = Promise.withResolvers<undefined>();
  const abort = (): void => aborted.resolve(undefined);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
