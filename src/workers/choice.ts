import type { AgentDescriptor } from '../contracts/agent.ts';
import { BatonError } from '../contracts/error.ts';
import type { CallNeed, Choice as Found } from '../registry/choice.ts';
import type { Permit } from '../registry/permit.ts';
import type { Ranking } from '../registry/rank.ts';
import { type Attempt, neededBy } from './attempt.ts';

/** An agent, and how it was chosen when that has not been announced with the claim. */
export type Choice = {
  readonly agent: AgentDescriptor;
  readonly permit: Permit;
  readonly ranking: Ranking | undefined;
};

/** The announced agent, unless the journal knows that it failed for this task: then, or when none was known, one is waited for and told. */
export async function confirmAgent(attempt: Attempt, signal: AbortSignal): Promise<Choice> {
  const { work, claim, announced: agent, permit } = attempt;
  const isHeld = agent !== undefined && permit !== undefined;
  if (isHeld && !claim.failedAgents.includes(agent.agent_id)) return { agent, permit, ranking: undefined };
  const need = { task: neededBy(work), failed: claim.failedAgents, holder: attempt.holder };
  const ranking = isHeld ? await work.tools.chooser.now(need) : undefined;
  if (isHeld && ranking !== undefined && isBest(agent, ranking)) return { agent, permit, ranking };
  await permit?.[Symbol.asyncDispose]();
  return waitForAgent(attempt, need, signal);
}

/** Also where only the slots that it holds itself keep an agent out. */
function isBest({ agent_id }: AgentDescriptor, { eligible, full }: Ranking): boolean {
  return (eligible[0] ?? full[0]?.agent)?.agent_id === agent_id;
}

async function waitForAgent(attempt: Attempt, need: CallNeed, signal: AbortSignal): Promise<Choice> {
  const { taken, ...ranking } = await findAgent(attempt, need, signal);
  if (taken === undefined) throw noAgent(need.task.required_capability, ranking);
  attempt.holds.use(taken.permit);
  return { ...taken, ranking };
}

/** One that turns up in time, or is made: at once for a task that asks for that, else when no registered one can take the task. */
async function findAgent({ work, claim }: Attempt, need: CallNeed, signal: AbortSignal): Promise<Found> {
  const { chooser, spawner } = work.tools;
  const { task, run_id: run } = work.data;
  const spawning = { task, run, epoch: claim.epoch };
  if (task.template !== undefined) await spawner.make(spawning, signal);
  const found = await chooser.wait(need, signal);
  if (found.taken !== undefined || task.template !== undefined) return found;
  return (await spawner.instead(spawning, signal)) ? chooser.wait(need, signal) : found;
}

function noAgent(capability: string, { candidates }: Ranking): BatonError {
  const reasons = candidates.slice(0, 5).map(({ agent_id, reason }) => `${agent_id}: ${reason}`);
  const why = reasons.length === 0 ? 'none is registered' : reasons.join('; ');
  return new BatonError('no_suitable_agent', `No agent can take this task (${capability}): ${why}.`);
}
