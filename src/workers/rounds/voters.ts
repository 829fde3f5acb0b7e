import { randomUUID } from 'node:crypto';
import type { ConsensusSpec } from '../../contracts/consensus.ts';
import { BatonError } from '../../contracts/error.ts';
import type { RankedTask, Ranking } from '../../registry/rank.ts';
import { neededBy, type Work } from '../attempt.ts';

/**
 * The best agents for a question, each once, the judge not among them. Those whose slots are taken just now count: their ballots wait for
 * one. None is called here. Throws vote_undecided when there is nobody, or fewer than a quorum that was asked for.
 */
export async function loadVoters(work: Work, { agents, quorum = 1, judge }: ConsensusSpec): Promise<readonly string[]> {
  const task = without(neededBy(work), judge === undefined ? [] : [judge]);
  const found = await rank(work, task);
  const voters = ableIn(found).slice(0, agents);
  if (voters.length >= quorum) return voters;
  const why = found.candidates.flatMap(({ agent_id, reason }) => (reason === null ? [] : [`${agent_id}: ${reason}`]));
  const message = `Of ${agents} agents ${voters.length} can be asked`;
  throw new BatonError('vote_undecided', `${message}: ${why.slice(0, 5).join('; ') || 'there are no others'}.`);
}

/** Whether somebody else than the voters could judge their answers. */
export async function hasOtherThan(voters: readonly string[], work: Work): Promise<boolean> {
  const task = without(neededBy(work), voters);
  return ableIn(await work.tools.chooser.now({ task, failed: [] })).length > 0;
}

/** Waits only when there is nobody; leave to call, which comes with a wait, is given back. */
async function rank({ tools, signal }: Work, task: RankedTask): Promise<Ranking> {
  const now = await tools.chooser.now({ task, failed: [] });
  if (ableIn(now).length > 0) return now;
  const { taken, ...found } = await tools.chooser.wait({ task, failed: [], holder: randomUUID() }, signal);
  await taken?.permit[Symbol.asyncDispose]();
  return found;
}

function ableIn({ eligible, full }: Ranking): readonly string[] {
  return [...eligible, ...full.map(({ agent }) => agent)].map(({ agent_id }) => agent_id);
}

function without(task: RankedTask, agents: readonly string[]): RankedTask {
  return { ...task, not_agents: [...(task.not_agents ?? []), ...agents] };
}
