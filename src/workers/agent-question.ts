// What an agent asks of a human in place of an answer. While the question is open, its task's job holds no slot; then the same agent
// is called again with what was decided.
import { BatonError } from '../contracts/error.ts';
import type { TaskJob } from '../contracts/job.ts';
import { limits } from '../contracts/limits.ts';
import type { Verdict } from '../contracts/verdict.ts';
import { askHuman } from '../flow/ask.ts';
import { loadAgentQuestion, type Question, type Resolution } from '../journal/load-asks.ts';
import { loadRecord } from '../journal/load-run.ts';
import { isRefused, keepWaiting } from './approval.ts';
import { textOf } from './approved-result.ts';
import type { Attempt, Claimed, Work } from './attempt.ts';
import type { Question as Asked, Failure } from './call-agent.ts';
import { claimQuietly } from './claim-quietly.ts';
import { countCall } from './count-call.ts';
import { settle } from './settle.ts';
import { unfinishedResult } from './task-result.ts';

type Begin = (work: Work) => Promise<Verdict>;

/** Runs a task with the answer to what its agent has asked. One whose job was never away begins at once, without a round trip. */
export async function runWithAnswer(work: Work, begin: Begin): Promise<Verdict> {
  const { run_id, task } = work.data;
  if (work.starts <= 1) return begin(work);
  const question = await loadAgentQuestion(work.tools.flow.store, run_id, task.task_id);
  if (question === undefined) return begin(work);
  const { resolution } = question;
  if (resolution === undefined) return keepWaiting(work, question);
  if (isRefused(resolution)) return claimQuietly(work, (claimed) => refuse(claimed, question, resolution));
  return begin(answered(work, question, resolution));
}

/** Asks a human on behalf of an agent; the job steps out. */
export async function askForAgent({ work, claim }: Attempt, { question, agent, called }: Asked): Promise<Verdict> {
  const { run_id: run, task } = work.data;
  const { text: content, kind, resume } = question;
  const outcome = await askHuman(work.tools.flow, {
    ...{ run, task: task.task_id, subject: 'question', epoch: claim.epoch, job: work.job, content, edit: 'text' },
    approval: task.approval ?? (await loadRecord(work.tools.flow.store, run))?.options.interrupt,
    agent: { asked_by: { agent_id: agent.agent_id, kind }, resume, round: roundOf(work) },
  });
  if (outcome !== 'open') return { kind: 'again', delayMs: 0 }; // the next claim finds out what has happened
  await countCall(work, called, {});
  return { kind: 'wait' };
}

/** A question as the failure that it is when there have been too many before it. */
export function refuseEndless({ work }: Attempt, { agent, called }: Asked): Failure | undefined {
  if (roundOf(work) <= limits.questions) return undefined;
  const text = `The agent "${agent.agent_id}" asks without end: ${limits.questions} answers were not enough.`;
  return { kind: 'failure', error: new BatonError('agent_failed', text), called };
}

function roundOf({ answered: last }: Work): number {
  return (last?.round ?? 0) + 1;
}

function refuse({ work, claim }: Claimed, { ask }: Question, { reason }: Resolution): Promise<Verdict> {
  const error = new BatonError('rejected', reason === '' ? undefined : reason);
  const attempted = { task: work.data.task.task_id, epoch: claim.epoch, agent: undefined, latencyMs: 0 };
  const result = unfinishedResult(attempted, 'failed', error);
  return settle(work, {
    epoch: claim.epoch,
    result: { ...result, agent_id: ask.asked_by?.agent_id ?? result.agent_id },
  });
}

/** Whoever has asked gets the answer, and nobody beside it. */
function answered(work: Work, { ask }: Question, resolution: Resolution): Work {
  const { asked_by, resume, round } = ask;
  if (asked_by === null || resume === null) throw new TypeError('a question of an agent does not say whose it is');
  const text = resolution.state === 'edited' ? textOf(resolution) : '';
  const task = pinned(work.data.task, asked_by.agent_id);
  return { ...work, data: { ...work.data, task }, answered: { text, resume, round } };
}

function pinned({ template: _, hedge_after_ms: __, ...task }: TaskJob['task'], agent: string): TaskJob['task'] {
  return { ...task, agent };
}
