import type { EventDraft } from '../../src/contracts/event.ts';
import { ROOT_TASK } from '../../src/contracts/ids.ts';
import { type Plan, type SubTask, toPlannedTask } from '../../src/contracts/plan.ts';
import type { TaskResult } from '../../src/contracts/result.ts';
import { rootEvent } from '../../src/contracts/root-event.ts';
import { settleTask } from '../../src/flow/settle.ts';
import { advanceRun } from '../../src/journal/advance.ts';
import { appendEvents } from '../../src/journal/append.ts';
import { claimTask } from '../../src/journal/claim.ts';
import { closeRun } from '../../src/journal/close.ts';
import { recordPlan } from '../../src/journal/record-plan.ts';
import type { Store } from '../../src/journal/store.ts';

const AGENT = 'agent-1';

/** Writes the plan of a run as its plan job does. */
export async function playPlan(store: Store, run: string, plan: Plan): Promise<void> {
  const tasks = plan.sub_tasks.map(toPlannedTask);
  const phase = { phase: 'execution', status: 'running' } as const;
  await recordPlan(store, {
    run,
    plan,
    usage: null,
    model: null,
    mode: null,
    ready: rootEvent(0, {
      name: 'plan.ready',
      data: 'The plan is ready.',
      detail: { reasoning: plan.reasoning, model: null, tasks, mode: null },
    }),
    phase: rootEvent(0, { name: 'run.phase', data: 'Entering execution phase...', detail: phase }),
  });
}

/** Claims a task, streams `tokens` and settles, as a worker does. With `fails` it fails after them. */
export async function playTask(
  store: Store,
  run: string,
  { task, tokens, fails = false }: { task: SubTask; tokens: readonly string[]; fails?: boolean },
): Promise<void> {
  const epoch = await claim(store, run, task.task_id);
  await playTokens(store, { run, task: task.task_id, epoch, tokens });
  const result = resultOf(task.task_id, { response: fails ? '' : tokens.join(''), attempts: epoch, fails });
  const base = { task_id: task.task_id, agent_id: AGENT, attempt: epoch, data: '' };
  const { status, latency_ms, confidence, usage, truncated } = result;
  const event: EventDraft = fails
    ? { ...base, name: 'task.failed', detail: { error: { code: 'agent_failed', message: 'it broke' } } }
    : { ...base, name: 'task.completed', detail: { status, latency_ms, confidence, usage, truncated } };
  const job = { queue: 'cap-custom', id: `${run}.x` };
  await settleTask(store, { run, epoch, result, events: [event], job, edges: [], tree: false, stop: undefined });
}

/** Claims a task; returns its epoch. */
export async function claim(store: Store, run: string, task: string): Promise<number> {
  const started = { name: 'task.started', agent_id: AGENT, data: '', detail: { worker: 'w' } } as const;
  const claimed = await claimTask(store, {
    ...{ run, task, token: `${Math.random()}`, dependencies: [], needed: 0 },
    announce: [started],
  });
  if (claimed.state !== 'started') throw new Error(`the claim of ${task} came back as ${claimed.state}`);
  return claimed.epoch;
}

export type Tokens = {
  readonly run: string;
  readonly task: string;
  readonly epoch: number;
  readonly tokens: readonly string[];
  readonly first?: number;
};

/** Appends tokens of an attempt: of the answer for the root. */
export async function playTokens(store: Store, { run, task, epoch, tokens, first = 1 }: Tokens): Promise<void> {
  const name = task === ROOT_TASK ? 'answer.token' : 'task.token';
  const agent_id = task === ROOT_TASK ? 'orchestrator' : AGENT;
  const events = tokens.map((data) => ({ name, task_id: task, agent_id, attempt: epoch, data, detail: {} }) as const);
  const outcome = await appendEvents(store, { run, task, epoch, first, events });
  if (outcome !== 'written') throw new Error(`tokens of ${task} came back as ${outcome}`);
}

/** Streams and writes the answer, and ends the run. */
export async function playEnd(store: Store, run: string, answer: readonly string[]): Promise<void> {
  const phase = { phase: 'synthesis', status: 'synthesizing' } as const;
  const event = rootEvent(0, { name: 'run.phase', data: 'Entering synthesis phase...', detail: phase });
  await advanceRun(store, { run, to: 'synthesizing', event });
  const epoch = await claim(store, run, ROOT_TASK);
  await playTokens(store, { run, task: ROOT_TASK, epoch, tokens: answer });
  const response = answer.join('');
  const detail = { partial: false, warnings: [], usage: null };
  await closeRun(store, {
    ...{ run, closer: 'root', epoch, status: 'completed', response },
    events: [
      rootEvent(epoch, { name: 'answer.message', data: response, detail: {} }),
      rootEvent(epoch, { name: 'run.completed', data: '', detail }),
    ],
  });
}

/** Ends a run as failed, with the code that its error has. */
export async function playFailure(store: Store, run: string, error: { code: string; message: string }): Promise<void> {
  const events = [rootEvent(0, { name: 'run.failed', data: error.message, detail: { error, usage: null } })];
  await closeRun(store, { run, closer: 'root', epoch: undefined, status: 'failed', error, events });
}

/** A whole run: plan, every task in order with its id as tokens, the answer. */
export async function playRun(store: Store, run: string, plan: Plan): Promise<void> {
  await playPlan(store, run, plan);
  for (const task of plan.sub_tasks) await playTask(store, run, { task, tokens: ['text of ', task.task_id] });
  await playEnd(store, run, ['the ', 'answer']);
}

/** What a task came to. */
export function resultOf(
  task: string,
  done: { readonly response: string; readonly attempts: number; readonly fails: boolean },
): TaskResult {
  const { response, attempts, fails } = done;
  return {
    task_id: task,
    agent_id: AGENT,
    status: fails ? 'failed' : 'completed',
    success: !fails,
    response,
    streaming_mode: fails ? null : 'dynamic_events',
    error: fails ? { code: 'agent_failed', message: 'it broke' } : null,
    latency_ms: 12,
    attempts,
    confidence: null,
    usage: null,
    cost: null,
    truncated: false,
  };
}
