import { randomUUID } from 'node:crypto';
import type { Verdict } from '../contracts/verdict.ts';
import { type Claimed, claimWork, type Work } from './attempt.ts';
import { refusalOf, verdictWithoutAttempt } from './refusal.ts';
import { settle } from './settle.ts';

/** Claims a task for a step that nobody hears of; what stands against the task is recorded in place of the step. */
export async function claimQuietly(work: Work, step: (claimed: Claimed) => Promise<Verdict>): Promise<Verdict> {
  const claimed = await claimWork(work, { token: randomUUID(), announce: [] });
  if (!('claim' in claimed)) return verdictWithoutAttempt(work, claimed);
  const refused = refusalOf(claimed)?.result;
  return refused === undefined ? step(claimed) : settle(work, { epoch: claimed.claim.epoch, result: refused });
}
