import { normalisedAnswer } from './answer-form.ts';

/** One agent's answer to a question that several are asked; `quality` from 0 to 1. */
export type Ballot = { readonly voter: string; readonly answer: string; readonly quality: number };

/** Ballots that say the same. */
export type Camp = {
  /** The best of the answers, as it was given. */
  readonly answer: string;
  readonly voters: readonly string[];
  readonly quality: number;
};

export type Count =
  /** Enough say the same, or all have answered and one camp is the largest: what the others said is dissent. */
  | { readonly state: 'decided'; readonly winner: Camp; readonly dissent: readonly Camp[] }
  /** More answers may still decide it. */
  | { readonly state: 'open'; readonly camps: readonly Camp[] }
  /** All have answered and the largest camps cannot be told apart, nor by their quality. */
  | { readonly state: 'tied'; readonly camps: readonly Camp[] }
  /** Nobody answers any more and too few did. */
  | { readonly state: 'short'; readonly camps: readonly Camp[] };

export type Election = {
  readonly ballots: readonly Ballot[];
  /** Agents that may still answer. */
  readonly outstanding: number;
  /** So many equal answers decide at once; and no fewer than so many answers decide at all. */
  readonly quorum: number;
};

/** More than half of so many voters. */
export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/**
 * Counts answers by what they say. A camp of `quorum` decides at once, whatever the others may say; when all have answered the
 * largest camp does, and among equally large ones that of the higher quality. The order of the ballots does not count.
 */
export function countBallots({ ballots, outstanding, quorum }: Election): Count {
  const camps = campsOf(ballots);
  const [winner, ...dissent] = camps;
  if (winner !== undefined && winner.voters.length >= quorum) return { state: 'decided', winner, dissent };
  if (outstanding > 0) return { state: 'open', camps };
  if (winner === undefined || ballots.length < quorum) return { state: 'short', camps };
  return isTied(winner, dissent[0]) ? { state: 'tied', camps } : { state: 'decided', winner, dissent };
}

/** Ballots by what they say: the largest camp first, then the better, then by its words: an order that the ballots' own has no part in. */
export function campsOf(ballots: readonly Ballot[]): readonly Camp[] {
  const byForm = Map.groupBy(ballots, ({ answer }) => normalisedAnswer(answer));
  return [...byForm]
    .map(([form, members]) => ({ form, ...campOf(members) }))
    .toSorted((a, b) => b.voters.length - a.voters.length || b.quality - a.quality || (a.form < b.form ? -1 : 1))
    .map(({ form: _, ...camp }) => camp);
}

function campOf(members: readonly Ballot[]): Camp {
  const ordered = members.toSorted((a, b) => b.quality - a.quality || (a.voter < b.voter ? -1 : 1));
  const voters = ordered.map(({ voter }) => voter).toSorted();
  // Summed in one order: floating-point sums depend on it.
  return { answer: ordered[0]?.answer ?? '', voters, quality: ordered.reduce((sum, { quality }) => sum + quality, 0) };
}

function isTied(first: Camp, second: Camp | undefined): boolean {
  return (
    second !== undefined &&
    first.voters.length === second.voters.length &&
    Math.abs(first.quality - second.quality) < Number.EPSILON * 8
  );
}
