import { BatonError } from '../contracts/error.ts';
import type { TaskResult } from '../contracts/result.ts';
import type { Verdict } from '../contracts/verdict.ts';
import type { Question, Resolution } from '../journal/load-asks.ts';
import type { Claimed, Work } from './attempt.ts';
import { claimQuietly } from './claim-quietly.ts';
import { sayWhole } from './say-whole.ts';
import { settle } from './settle.ts';
import { completedResult, unfinishedResult } from './task-result.ts';

/** What a human let pass: as it was delivered, or with another text. */
export async function giveHeld(work: Work, { ask, content }: Question, resolution: Resolution): Promise<Verdict> {
  const { held, epoch } = ask;
  if (held === null) throw new TypeError('a question about an output holds no result');
  if (resolution.state === 'edited') {
    return claimQuietly(work, (claimed) => sayAndSettle(claimed, { ...held, response: textOf(resolution) }));
  }
  const result = { ...held, response: content };
  try {
    // As the attempt that delivered it: a later one would void what readers have heard.
    return await settle(work, { epoch, result });
  } catch (thrown) {
    if (!(thrown instanceof BatonError) || thrown.code !== 'lock_lost') throw thrown;
    return claimQuietly(work, (claimed) => sayAndSettle(claimed, result)); // a join had given the task to others meanwhile
  }
}

/** The result of a task that is only a question: what the human wrote, or that it was approved. */
export function approvedResult(claimed: Claimed, resolution: Resolution): Promise<Verdict> {
  const { task } = claimed.work.data;
  const why = resolution.reason === '' ? '' : ` (${resolution.reason})`;
  const response = resolution.state === 'edited' ? textOf(resolution) : `Approved: ${task.description}${why}`;
  const attempted = { task: task.task_id, epoch: claimed.claim.epoch, agent: undefined, latencyMs: 0 };
  const delivery = { response, confidence: null, usage: null, truncated: false };
  return sayAndSettle(claimed, completedResult(attempted, delivery));
}

type Rejected = {
  readonly work: Work;
  readonly epoch: number;
  /** What was delivered, and paid for; null when nothing was. */
  readonly held: TaskResult | null;
  readonly reason: string;
};

/** The result of a task that a human rejected: skipped, so its dependents follow their policy. */
export function rejectedResult({ work, epoch, held, reason }: Rejected): TaskResult {
  const error = new BatonError('rejected', reason === '' ? undefined : reason);
  const attempted = { task: work.data.task.task_id, epoch, agent: undefined, latencyMs: 0 };
  const result = unfinishedResult(attempted, 'skipped', error);
  if (held === null) return result;
  const { agent_id, usage, cost, latency_ms } = held;
  return { ...result, agent_id, usage, cost, latency_ms };
}

/** A text that no attempt before this one has said comes whole. */
async function sayAndSettle(claimed: Claimed, given: TaskResult): Promise<Verdict> {
  const { work, claim } = claimed;
  const result: TaskResult = { ...given, attempts: claim.epoch, streaming_mode: 'static' };
  await sayWhole(claimed, result);
  return settle(work, { epoch: claim.epoch, result });
}

/** The text of an edit: checked when it was decided. */
export function textOf({ content }: Resolution): string {
  if (typeof content !== 'string') throw new TypeError(`expected the text of an edit, came ${typeof content}`);
  return content;
}
