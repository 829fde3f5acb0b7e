import { createHash } from 'node:crypto';
import { PLAN_TASK, ROOT_TASK } from '../contracts/ids.ts';
import { askName, type InterruptSubject, interruptId } from '../contracts/interrupt.ts';
import { HOUSEKEEPING_QUEUE, type JobRef, jobIds } from '../contracts/job.ts';
import { limits } from '../contracts/limits.ts';
import { Approval } from '../contracts/plan.ts';
import { sourcesOf } from '../contracts/run.ts';
import { type Ask, type AskWithContent, roundField, toInterruptView } from '../journal/load-asks.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import type { Flow } from './flow.ts';
import { addTimer } from './join-timers.ts';
import { parkingOf } from './pause.ts';

const script = loadScript(new URL('./ask.lua', import.meta.url));

/** What a human is to be asked. */
export type Asking = {
  readonly run: string;
  readonly task: string;
  readonly subject: InterruptSubject;
  /** The asking attempt's, and the job that will wait. */
  readonly epoch: number;
  readonly job: JobRef;
  readonly content: string;
  /** Its bounds in time; undefined for the defaults. */
  readonly approval: Pick<Approval, 'expires_ms' | 'on_expiry'> | undefined;
  readonly edit: Ask['edit'];
  readonly held?: Ask['held'];
  readonly made?: Ask['made'];
  /** An agent's question: who asks, what it wants back with the answer, and how often it has asked, this time included. */
  readonly agent?: { readonly asked_by: Ask['asked_by']; readonly resume: string; readonly round: number };
};

/**
 * `open`: the job is marked and may wait, for days. `decided`: it goes on. `stale`: a newer attempt owns the task. `stopped`: the
 * run has ended or is told to stop, so nobody is asked; the next claim says why.
 */
export type AskOutcome = 'open' | 'decided' | 'stale' | 'stopped';

/** Asks a human. A question that was asked before by another attempt of this task counts, and this one is dropped. */
export function askHuman(flow: Flow, asking: Asking): Promise<AskOutcome> {
  return keepAsking(flow, askOf(asking, Date.now()));
}

/** Makes sure that the job of a question which has been asked waits for it, and that it ends by itself. Repeating it is harmless. */
export async function keepAsking(flow: Flow, question: AskWithContent): Promise<AskOutcome> {
  const outcome = await send(flow.store, question);
  if (outcome === 'open') await addExpiry(flow, question.ask);
  return outcome;
}

/** The run-level task speaks for planning. */
export function speakerOf({ task_id, epoch }: Ask): readonly [task: string, attempt: number] {
  return task_id === PLAN_TASK ? [ROOT_TASK, 0] : [task_id, epoch];
}

/** The job that decides a question when nobody does. */
export function expiryJob(ask: Ask): JobRef {
  return { queue: HOUSEKEEPING_QUEUE, id: jobIds.timer(ask.job.id, 'expiry', expiryRound(ask)) };
}

/** Tells apart the timers of a task that is asked about more than once. */
function expiryRound({ subject, round }: Ask): number {
  if (subject === 'question') return 2 + round;
  if (subject === 'patch') return 0;
  return subject === 'output' ? 2 : 1;
}

async function addExpiry(flow: Flow, ask: Ask): Promise<void> {
  const { run_id, job, expires_at } = ask;
  const timer = { run_id, task: nameOf(ask), job, timer: 'expiry', round: expiryRound(ask) } as const;
  await addTimer(flow, timer, Date.parse(expires_at) - Date.now());
}

/** What a question is called within its run. */
export function nameOf({ task_id, subject, round }: Ask): string {
  return askName(task_id, subject, round);
}

async function send({ redis, keys }: Store, { ask, content }: AskWithContent): Promise<AskOutcome> {
  const { run, tasks, events, asks, parked } = keys.run(ask.run_id);
  const { mark, parking } = parkingOf(keys, ask.job, 'ask');
  const view = toInterruptView({ ask, content, resolution: undefined });
  const reply = await runScript(redis, script, {
    keys: [run, tasks, events, asks, parked, keys.interrupts, keys.job(ask.job.queue, ask.job.id)],
    args: [
      ...[ask.task_id, ask.epoch, nameOf(ask), JSON.stringify(ask), ask.id],
      ...[Date.parse(ask.requested_at), mark, JSON.stringify(parking)],
      ...[...speakerOf(ask), saidOf(ask), JSON.stringify(view), limits.streamBytes, content],
      ...[ask.subject === 'question' ? roundField(ask.task_id) : '', ask.round, ...sourcesOf('waiting')],
    ],
  });
  return reply as AskOutcome; // the script returns nothing else
}

function saidOf({ subject, task_id, asked_by }: Ask): string {
  if (subject === 'question') return `Waiting for an answer to ${asked_by?.agent_id ?? 'the agent'} of ${task_id}.`;
  const what = {
    input: `before ${task_id} begins`,
    output: `on what ${task_id} gave`,
    plan: 'on the plan',
    patch: `on how to make up for ${task_id}`,
  };
  return `Waiting for a decision ${what[subject]}.`;
}

/** Half characters become U+FFFD, as Redis would write them: the hash must be that of what is read back. */
function askOf({ run, task, subject, approval, held, made, agent, ...asking }: Asking, now: number): AskWithContent {
  const { epoch, job, edit } = asking;
  const { expires_ms, on_expiry } = approval ?? Approval.parse({});
  const content = asking.content.toWellFormed();
  const ask = {
    ...{
      id: interruptId(run, askName(task, subject, agent?.round)),
      run_id: run,
      task_id: task,
      subject,
      epoch,
      job,
      edit,
    },
    ...{ hash: createHash('sha256').update(content).digest('hex'), on_expiry },
    requested_at: new Date(now).toISOString(),
    expires_at: new Date(now + expires_ms).toISOString(),
    held: held ?? null,
    made: made ?? null,
    ...(agent ?? { asked_by: null, resume: null, round: 1 }),
  };
  return { ask, content };
}
