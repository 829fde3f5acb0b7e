import { z } from 'zod';
import { ConsensusSpec } from '../../contracts/consensus.ts';
import type { TaskResult } from '../../contracts/result.ts';
import { loadResultsOf } from '../../journal/load-results.ts';
import { qualityOf } from '../../plan/quality.ts';
import type { Ballot } from '../../plan/vote.ts';
import type { Standing } from './pattern.ts';

const Note = z.object({
  phase: z.enum(['ballots', 'judge', 'synthesis']),
  /** All agents that may vote, in the order in which they are asked. */
  voters: z.array(z.string()),
});
type VoteNote = z.infer<typeof Note>;

/** An answer that was given. */
export type GivenBallot = Ballot & { readonly task: string };

/** Where a vote stands. */
export type Vote = {
  readonly spec: ConsensusSpec;
  readonly phase: VoteNote['phase'] | 'begin';
  readonly voters: readonly string[];
  /** Of the voters, how many were asked; those that failed gave no ballot. */
  readonly asked: number;
  readonly ballots: readonly GivenBallot[];
  /** Ballots of the last round. */
  readonly fresh: readonly GivenBallot[];
  /** What the judge or the writer of the synthesis gave; undefined before. */
  readonly verdict: TaskResult | undefined;
  /** The place of the next child. */
  readonly place: number;
};

/** Reads where a vote stands from its rounds and their results. */
export async function loadVote({ work, rounds }: Standing): Promise<Vote> {
  const { task, run_id } = work.data;
  const notes = rounds.map(({ note }) => Note.parse(note));
  const ids = rounds.map((round) => round.children.map((child) => child.task.task_id));
  const results = await loadResultsOf(work.tools.flow.store, run_id, ids.flat());
  const cast = ids.map((round, at) => (notes[at]?.phase === 'ballots' ? round : []));
  const phase = notes.at(-1)?.phase ?? 'begin';
  const given = (round: readonly string[]) => round.flatMap((id) => ballotOf(results.get(id)));
  return {
    spec: ConsensusSpec.parse(task.consensus ?? {}),
    phase,
    voters: notes.at(-1)?.voters ?? [],
    asked: cast.flat().length,
    ballots: given(cast.flat()),
    fresh: phase === 'ballots' ? given(cast.at(-1) ?? []) : [],
    verdict: phase === 'judge' || phase === 'synthesis' ? results.get(ids.at(-1)?.[0] ?? '') : undefined,
    place: ids.flat().length,
  };
}

function ballotOf(result: TaskResult | undefined): readonly GivenBallot[] {
  if (result?.status !== 'completed') return [];
  const { task_id, agent_id, response, confidence, quality = null } = result;
  return [{ task: task_id, voter: agent_id, answer: response, quality: qualityOf({ reviewed: quality, confidence }) }];
}
