// Questions to humans about a task: before it begins, after it, or in place of an agent. While one is open, its job holds no slot.
import { BatonError } from '../contracts/error.ts';
import { InputEdit } from '../contracts/interrupt.ts';
import type { Verdict } from '../contracts/verdict.ts';
import { type Asking, askHuman, keepAsking } from '../flow/ask.ts';
import { loadTaskQuestions, type Question, type Resolution } from '../journal/load-asks.ts';
import { asksAfter, asksBefore } from '../plan/interrupts.ts';
import { approvalContent } from './approval-content.ts';
import { approvedResult, giveHeld, rejectedResult } from './approved-result.ts';
import type { Claimed, Work } from './attempt.ts';
import { claimQuietly } from './claim-quietly.ts';
import { settleOrHold } from './replan.ts';
import { type Settling, settle } from './settle.ts';

/** How a task is begun when nobody has to be asked first. */
export type Begin = (work: Work) => Promise<Verdict>;

/** Runs a task around what a human is asked about it. One that asks nothing begins at once, without a round trip. */
export async function runWithApproval(work: Work, begin: Begin): Promise<Verdict> {
  const { task, run_id } = work.data;
  const mayAsk = task.approval !== undefined || task.kind === 'approval' || task.review?.escalate === 'interrupt';
  if (!mayAsk) return begin(work);
  const { input, output } = await loadTaskQuestions(work.tools.flow.store, run_id, task.task_id);
  if (output !== undefined) return afterOutput(work, output);
  if (!asksBefore(task)) return begin(work);
  return input === undefined ? claimQuietly(work, askBefore) : afterInput(work, input, begin);
}

/** Records a result; one that a human has to see is kept instead and asked about, so that no agent is called again for it. */
export async function settleOrAsk(work: Work, settling: Settling): Promise<Verdict> {
  const { epoch, result, asks = asksAfter(work.data.task), onCounted } = settling;
  if (result.status !== 'completed' || !asks) return settleOrHold(work, settling);
  const { response: content, ...rest } = result;
  const verdict = await ask(work, { epoch, subject: 'output', content, edit: 'text', held: { ...rest, response: '' } });
  if (verdict.kind === 'wait') onCounted?.();
  return verdict;
}

function askBefore({ work, claim }: Claimed): Promise<Verdict> {
  const { task } = work.data;
  const content = approvalContent(task, claim.inputs);
  const edit = task.kind === 'approval' ? 'text' : 'input';
  return ask(work, { epoch: claim.epoch, subject: 'input', content, edit });
}

async function ask(work: Work, asked: Omit<Asking, 'run' | 'task' | 'job' | 'approval'>): Promise<Verdict> {
  const { run_id: run, task } = work.data;
  const about = { run, task: task.task_id, job: work.job, approval: task.approval };
  const outcome = await askHuman(work.tools.flow, { ...asked, ...about });
  // Anything else: the next claim finds out what has happened.
  return outcome === 'open' ? { kind: 'wait' } : { kind: 'again', delayMs: 0 };
}

function afterInput(work: Work, question: Question, begin: Begin): Promise<Verdict> {
  const { resolution } = question;
  if (resolution === undefined) return keepWaiting(work, question);
  if (isRefused(resolution)) return claimQuietly(work, (claimed) => reject(claimed, question, resolution));
  if (work.data.task.kind === 'approval') return claimQuietly(work, (claimed) => approvedResult(claimed, resolution));
  return begin(resolution.state === 'edited' ? edited(work, InputEdit.parse(resolution.content)) : work);
}

function afterOutput(work: Work, question: Question): Promise<Verdict> {
  const { resolution } = question;
  if (resolution === undefined) return keepWaiting(work, question);
  if (isRefused(resolution)) return claimQuietly(work, (claimed) => reject(claimed, question, resolution));
  return giveHeld(work, question, resolution);
}

/** The job came back although nobody has decided: its worker died before it could step out, or its run is told to stop. */
export async function keepWaiting(work: Work, question: Question): Promise<Verdict> {
  const outcome = await keepAsking(work.tools.flow, question);
  if (outcome === 'open') return { kind: 'wait' };
  if (outcome === 'decided') return { kind: 'again', delayMs: 0 };
  return claimQuietly(work, () => Promise.reject(new BatonError('cancelled', 'The run has ended.')));
}

/** A withdrawn question's task has a result already, or its run has ended: the claim finds out. */
export function isRefused({ state }: Resolution): boolean {
  return state === 'rejected' || state === 'withdrawn';
}

function reject({ work, claim }: Claimed, { ask: asked }: Question, { reason }: Resolution): Promise<Verdict> {
  const result = rejectedResult({ work, epoch: claim.epoch, held: asked.held, reason });
  return settle(work, { epoch: claim.epoch, result });
}

function edited(work: Work, { description, input_data }: InputEdit): Work {
  const { task } = work.data;
  const changed = {
    ...task,
    description: description ?? task.description,
    input_data: input_data ?? task.input_data,
  };
  return { ...work, data: { ...work.data, task: changed } };
}
