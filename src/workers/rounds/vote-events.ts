import type { VoteDecided } from '../../contracts/consensus.ts';
import { limits } from '../../contracts/limits.ts';
import type { Said } from '../../journal/record-round.ts';
import { type Camp, campsOf, countBallots } from '../../plan/vote.ts';
import { quorumOf } from '../../plan/vote-tasks.ts';
import type { GivenBallot, Vote } from './vote-state.ts';

/** Each answer of the last round, once. */
export function castOf({ spec, fresh, ballots, voters, asked }: Vote): readonly Said[] {
  const quorum = quorumOf(spec, voters.length);
  const counted = countBallots({ ballots, outstanding: voters.length - asked, quorum });
  const agrees = ({ voter }: GivenBallot): boolean | null =>
    spec.mode === 'majority' && counted.state === 'decided' ? counted.winner.voters.includes(voter) : null;
  return fresh.map((ballot) => ({
    name: 'vote.cast',
    data: `${ballot.voter} has answered`,
    detail: {
      voter: ballot.voter,
      task_id: ballot.task,
      answer: quoted(ballot.answer),
      quality: ballot.quality,
      agrees: agrees(ballot),
    },
  }));
}

/** What the vote came to: how, whose answer counts (undefined: something of all), and what the others had said. */
export function decidedBy(
  by: VoteDecided['by'],
  { ballots }: Pick<Vote, 'ballots'>,
  { voter, reason = null }: { readonly voter?: string | undefined; readonly reason?: string | null | undefined },
): Said {
  const camps = campsOf(ballots);
  const isOn = ({ voters }: Camp): boolean => voter === undefined || voters.includes(voter);
  const dissent = camps
    .filter((camp) => !isOn(camp))
    .map(({ voters, answer }) => ({ voters: [...voters], answer: quoted(answer) }));
  const voters = camps.filter(isOn).flatMap((camp) => camp.voters);
  const detail = { by, voters, dissent, reason: reason === null ? null : quoted(reason) };
  return { name: 'vote.decided', data: `by ${by}, ${voters.length} of ${ballots.length}`, detail };
}

function quoted(text: string): string {
  return text.slice(0, limits.quoteChars).toWellFormed();
}
