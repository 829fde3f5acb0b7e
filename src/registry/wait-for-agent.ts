import { setTimeout as pause } from 'node:timers/promises';
import type { AgentDescriptor } from '../contracts/agent.ts';
import type { Choice } from './choice.ts';
import type { Registry } from './registry.ts';
import { unlessAborted } from './unless-aborted.ts';

/** How often a task that has no agent looks again. */
const LOOK_AGAIN_MS = 250;
/** How long it takes until every process sees that a breaker is no longer open: the age of a snapshot. */
const SEEN_MS = 1_000;

export type WaitTools = {
  readonly registry: Pick<Registry, 'revive'>;
  /** Asks an agent's health endpoint; true when it serves. Agents that cannot send heartbeats are found so. */
  readonly probe: (agent: AgentDescriptor) => Promise<boolean>;
  /** How long a task waits for a healthy agent, in milliseconds. */
  readonly waitMs: number;
  /** How long an open breaker keeps its agent out, in milliseconds. */
  readonly breakerOpenMs: number;
};

/**
 * Takes again until an agent turns up: so long for one that is not healthy, for one whose breaker is open until it has been tried as
 * well, for a slot until the signal aborts. Gives the last choice when it was in vain; throws the signal's reason when that aborts.
 */
export async function waitForAgent(
  tools: WaitTools,
  take: () => Promise<Choice>,
  signal: AbortSignal,
): Promise<Choice> {
  const beganAt = performance.now();
  for (;;) {
    signal.throwIfAborted();
    const choice = await take();
    if (choice.taken !== undefined || isInVain(tools, choice, performance.now() - beganAt)) return choice;
    const revived = await unlessAborted(Promise.all(choice.silent.map((agent) => probeSilent(tools, agent))), signal);
    if (revived?.includes(true) !== true) await unlessAborted(pause(LOOK_AGAIN_MS), signal);
  }
}

/** Whether such an agent has been waited for as long as one may turn up; for a slot, and the end of a trial, there is no limit. */
function isInVain({ waitMs, breakerOpenMs }: WaitTools, choice: Choice, waitedMs: number): boolean {
  if (choice.full.length > 0 || choice.hasTried) return false;
  return waitedMs >= waitMs + (choice.hasBroken ? breakerOpenMs + SEEN_MS : 0);
}

/** True when an agent that had fallen silent answers its health endpoint: it serves, so it is healthy. */
async function probeSilent({ registry, probe }: WaitTools, agent: AgentDescriptor): Promise<boolean> {
  return (await probe(agent)) && (await registry.revive(agent.agent_id));
}
