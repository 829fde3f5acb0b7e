import { JudgeChoice } from '../../contracts/consensus.ts';
import { BatonError } from '../../contracts/error.ts';
import { joinedAnswers } from '../../plan/answer-form.ts';
import { childIn } from '../../plan/child-task.ts';
import { ownJsonObjectIn } from '../../plan/json-answer.ts';
import { type Camp, countBallots } from '../../plan/vote.ts';
import { ballotSketch, firstVoters, quorumOf, verdictSketch } from '../../plan/vote-tasks.ts';
import type { Pattern, Spawn, Standing, Step } from './pattern.ts';
import { castOf, decidedBy } from './vote-events.ts';
import { loadVote, type Vote } from './vote-state.ts';
import { hasOtherThan, loadVoters } from './voters.ts';

/**
 * Consensus: distinct agents answer the same question, each as a task of its own, and one answer counts: what most say, what a judge
 * chooses, or one text made from all. The votes are told one by one, and dissent with the decision.
 */
export const vote: Pattern = async (standing) => {
  const state = await loadVote(standing);
  switch (state.phase) {
    case 'begin':
      return ask(standing, { ...state, voters: await loadVoters(standing.work, state.spec) });
    case 'ballots':
      return afterBallots(standing, state);
    case 'judge':
      return chosen(state);
    case 'synthesis':
      return written(state);
    default:
      return state.phase satisfies never;
  }
};

/** Asks those whose turn it is. */
function ask({ work, entry }: Standing, { spec, voters, asked, place }: Vote): Spawn {
  const { task } = work.data;
  const turn = asked === 0 ? voters.slice(0, firstVoters(spec, voters.length)) : voters.slice(asked);
  const children = turn.map((agent, at) =>
    childIn({ task, job: work.job }, place + at, ballotSketch(task, entry.inputs, agent)),
  );
  return { kind: 'spawn', children, note: { phase: 'ballots', voters } };
}

async function afterBallots(standing: Standing, state: Vote): Promise<Step> {
  const step = await count(standing, state);
  return { ...step, says: [...castOf(state), ...(step.says ?? [])] };
}

async function count(standing: Standing, state: Vote): Promise<Step> {
  const { spec, ballots, voters, asked } = state;
  const quorum = quorumOf(spec, voters.length);
  const outstanding = voters.length - asked;
  if (spec.mode !== 'majority') return ballots.length < quorum ? tooFew(state) : decideBy(standing, state, spec.mode);
  const counted = countBallots({ ballots, outstanding, quorum });
  switch (counted.state) {
    case 'decided':
      return won(state, counted.winner);
    case 'open':
      return ask(standing, state);
    case 'tied':
      return decideBy(standing, state, 'synthesis');
    case 'short':
      return tooFew(state);
    default:
      return counted satisfies never;
  }
}

function won(state: Vote, { answer, voters, quality }: Camp): Step {
  const share = voters.length / state.ballots.length;
  const delivery = { response: answer, confidence: share, usage: null, truncated: false };
  const says = [decidedBy('majority', state, { voter: voters[0] })];
  return { kind: 'complete', delivery: { ...delivery, quality: quality / voters.length, ...fewer(state) }, says };
}

/** A vote among fewer agents than were wanted says so. */
function fewer({ spec, voters }: Vote): { readonly warning?: string } {
  return voters.length >= spec.agents
    ? {}
    : { warning: `Only ${voters.length} of ${spec.agents} agents could be asked.` };
}

function tooFew({ ballots, voters }: Vote): Step {
  const message = `${ballots.length} of ${voters.length} agents answered, which is too few to decide.`;
  return { kind: 'fail', reason: new BatonError('vote_undecided', message) };
}

/** A judge that is not named is none of the voters if there is another agent. */
async function decideBy(
  { work }: Standing,
  { spec, ballots, voters, place }: Vote,
  phase: 'judge' | 'synthesis',
): Promise<Spawn> {
  const { task } = work.data;
  const barred = spec.judge === undefined && (await hasOtherThan(voters, work)) ? voters : [];
  const answers = ballots.map((ballot) => ballot.task);
  const child = childIn({ task, job: work.job }, place, verdictSketch(task, { answers, barred }, phase));
  return { kind: 'spawn', children: [child], note: { phase, voters } };
}

/** A judge that chooses none of them leaves the best by quality, with a warning. */
function chosen(state: Vote): Step {
  const { ballots, verdict } = state;
  const said = verdict?.status === 'completed' ? verdict.response : '';
  const answers = ballots.map(({ answer }) => answer);
  const choice = JudgeChoice.safeParse(ownJsonObjectIn(said, answers)).data;
  const best = ballots.toSorted((a, b) => b.quality - a.quality)[0];
  const ballot = choice === undefined ? best : (ballots[choice.choice - 1] ?? best);
  if (ballot === undefined) throw new BatonError('vote_undecided');
  const isChosen = ballot === ballots[(choice?.choice ?? 0) - 1];
  const warned = isChosen ? fewer(state) : { warning: 'The judge chose none of the answers.' };
  const delivery = { response: ballot.answer, confidence: null, usage: null, truncated: false };
  const says = [decidedBy('judge', state, { voter: ballot.voter, reason: isChosen ? choice?.reason : null })];
  return { kind: 'complete', delivery: { ...delivery, quality: ballot.quality, ...warned }, says };
}

/** Without a synthesis the answers stand one below the other. */
function written(state: Vote): Step {
  const { ballots, verdict } = state;
  const says = [decidedBy('synthesis', state, {})];
  const delivery = { confidence: null, usage: null, truncated: false };
  if (verdict?.status === 'completed')
    return { kind: 'complete', delivery: { ...delivery, response: verdict.response, ...fewer(state) }, says };
  const response = joinedAnswers(ballots.map(({ answer }) => answer));
  const warning = 'The answers differ, and nobody could make one of them.';
  return { kind: 'complete', delivery: { ...delivery, response, warning }, says };
}
