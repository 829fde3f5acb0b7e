import { expect, test } from 'vitest';
import { BatonError } from '../../src/contracts/error.ts';
import { limits } from '../../src/contracts/limits.ts';
import type { TaskResult } from '../../src/contracts/result.ts';
import { rootEvent } from '../../src/contracts/root-event.ts';
import { settleTask } from '../../src/flow/settle.ts';
import { requestStop } from '../../src/flow/stop.ts';
import { advanceRun } from '../../src/journal/advance.ts';
import { appendEvents } from '../../src/journal/append.ts';
import { claimTask } from '../../src/journal/claim.ts';
import { closeRun } from '../../src/journal/close.ts';
import { failAttempt } from '../../src/journal/fail-attempt.ts';
import { loadRecord, loadRun } from '../../src/journal/load-run.ts';
import { recordPlan } from '../../src/journal/record-plan.ts';
import { planOf } from '../support/plans.ts';
import { cancelled, createTestRun, endTestRun, eventsOf } from '../support/store.ts';
import { useTestStore } from '../support/use-store.ts';

const opened = useTestStore();

const started = { name: 'task.started', agent_id: 'x', data: '', detail: { worker: 'w' } } as const;
const claim = (run: string, token: string, more: { task?: string; dependencies?: string[]; needed?: number } = {}) =>
  claimTask(opened.store, { run, token, task: 't1', dependencies: [], needed: 0, announce: [started], ...more });
const token = (run: string, epoch: number, first: number, ...texts: string[]) =>
  appendEvents(opened.store, {
    run,
    task: 't1',
    epoch,
    first,
    events: texts.map((data) => ({
      name: 'task.token',
      task_id: 't1',
      agent_id: 'x',
      attempt: epoch,
      data,
      detail: {},
    })),
  });
const events = (run: string) => eventsOf(opened.store, run);
const names = async (run: string) => (await events(run)).map((event) => event.name);

function result(task_id: string, attempts: number, response = 'done'): TaskResult {
  const rest = { error: null, latency_ms: 1, confidence: null, usage: null, cost: null, truncated: false };
  return {
    task_id,
    attempts,
    response,
    agent_id: 'x',
    status: 'completed',
    success: true,
    streaming_mode: 'static',
    ...rest,
  };
}

async function settle(run: string, epoch: number, settled: TaskResult) {
  const detail = { status: settled.status, latency_ms: 1, confidence: null, usage: null, truncated: false };
  const recorded = await settleTask(opened.store, {
    stop: undefined,
    run,
    epoch,
    result: settled,
    events: [{ name: 'task.completed', task_id: settled.task_id, agent_id: 'x', attempt: epoch, data: '', detail }],
    job: { queue: 'cap-custom', id: `${run}.0` },
    edges: [],
    tree: true,
  });
  return recorded?.result;
}

test('a claim sent twice is one attempt and one task.started', async () => {
  const run = await createTestRun(opened.store);
  const claims = [await claim(run, 'me'), await claim(run, 'me'), await claim(run, 'successor')];
  expect(claims.map((each) => 'epoch' in each && each.epoch)).toEqual([1, 1, 2]);
  expect(await names(run)).toEqual(['run.created', 'task.started', 'task.started']);
});

test('an attempt that was overtaken writes nothing more: no token, no result, no failure', async () => {
  const run = await createTestRun(opened.store);
  await claim(run, 'stale');
  await token(run, 1, 1, 'early');
  await claim(run, 'successor');

  expect(await token(run, 1, 2, 'late')).toBe('stale');
  expect(await settle(run, 1, result('t1', 1))).toBeUndefined();
  const failed = { run, task: 't1', epoch: 1, agents: ['x'] as const, error: new BatonError('internal'), delayMs: 0 };
  await expect(failAttempt(opened.store, failed)).rejects.toMatchObject({ code: 'lock_lost' });

  expect(await settle(run, 2, result('t1', 2))).toMatchObject({ attempts: 2 });
  expect(await names(run)).toEqual(['run.created', 'task.started', 'task.token', 'task.started', 'task.completed']);
});

test('how long a failed agent asked to be left alone is known to the next attempts, whoever fails meanwhile', async () => {
  const run = await createTestRun(opened.store);
  const fail = (epoch: number, retryAfterMs?: number) => {
    const error = new BatonError('agent_busy', undefined, retryAfterMs === undefined ? {} : { retryAfterMs });
    return failAttempt(opened.store, { run, task: 't1', epoch, agents: ['x'], error, delayMs: 0 });
  };
  expect(await claim(run, 'first')).toMatchObject({ restMs: 0 });
  await fail(1, 60_000);
  await claim(run, 'second');
  await fail(2);
  const third = await claim(run, 'third');
  expect('restMs' in third && third.restMs).toBeGreaterThan(50_000);
});

test('events sent again are there once, and a hole in their numbers is refused', async () => {
  const run = await createTestRun(opened.store);
  await claim(run, 'me');
  expect(await token(run, 1, 1, 'a', 'b')).toBe('written');
  expect(await token(run, 1, 1, 'a', 'b')).toBe('written');
  expect(await token(run, 1, 2, 'b', 'c')).toBe('written');
  expect(await token(run, 1, 5, 'e')).toBe('gap');
  expect((await events(run)).map((event) => event.data).join('')).toBe('abc');
});

test('the first result of a task stays, and a job that comes back finds it', async () => {
  const run = await createTestRun(opened.store);
  await claim(run, 'me');
  for (const response of ['first', 'first', 'second']) {
    expect(await settle(run, 1, result('t1', 1, response)), 'also when sent again').toMatchObject({
      response: 'first',
    });
  }
  expect(await claim(run, 'back')).toMatchObject({ state: 'settled', result: { response: 'first' } });
  expect(await names(run)).toEqual(['run.created', 'task.started', 'task.completed']);
});

test('a dependent gets the results of its dependencies with its claim, long texts too, or is blocked', async () => {
  const run = await createTestRun(opened.store, planOf({ t1: {}, t2: { after: ['t1'] } }));
  const dependent = { task: 't2', dependencies: ['t1'], needed: 1 };
  const before = await claim(run, 'early', dependent);
  expect(before).toMatchObject({ state: 'blocked', inputs: new Map([['t1', undefined]]) });

  await claim(run, 'me');
  const long = 'x'.repeat(5_000);
  await settle(run, 1, result('t1', 1, long));
  const after = await claim(run, 'now', dependent);
  expect(after).toMatchObject({ state: 'started', epoch: 2 });
  expect('inputs' in after && after.inputs.get('t1')?.response).toBe(long);
  const begun = (await events(run)).filter(({ name, task_id }) => name === 'task.started' && task_id === 't2');
  expect(begun.map(({ attempt }) => attempt)).toEqual([2]);
});

test('a cancelled run starts nothing, and what it settles after its end is not heard', async () => {
  const run = await createTestRun(opened.store);
  await claim(run, 'me');
  expect(await requestStop(opened.store, run, cancelled)).toBe('queued');
  expect(await claim(run, 'late', { task: 't2' })).toMatchObject({ state: 'stopped' });
  await endTestRun(opened.store, run);
  await endTestRun(opened.store, run);
  expect(await token(run, 1, 1, 'x')).toBe('closed');
  expect(await settle(run, 1, result('t1', 1))).toMatchObject({ status: 'completed' });
  expect(await names(run)).toEqual(['run.created', 'task.started', 'run.cancelled']);
  expect((await loadRecord(opened.store, run))?.status).toBe('cancelled');
});

test('a run ends once: the first end stays, whoever comes second', async () => {
  const run = await createTestRun(opened.store);
  await claim(run, 'root', { task: 'root' });
  const completed = rootEvent(1, {
    name: 'run.completed',
    data: '',
    detail: { partial: false, warnings: [], usage: null },
  });
  const ending = {
    run,
    closer: 'root 1',
    epoch: 1,
    status: 'completed',
    response: 'yes',
    events: [completed],
  } as const;
  await claim(run, 'root again', { task: 'root' });
  expect(await closeRun(opened.store, ending), 'by an attempt that was overtaken').toBe('stale');
  expect(await closeRun(opened.store, { ...ending, closer: 'root 2', epoch: 2 })).toBe('ended');
  await endTestRun(opened.store, run);
  expect(await names(run)).toEqual(['run.created', 'task.started', 'task.started', 'run.completed']);
  expect(await loadRecord(opened.store, run)).toMatchObject({ status: 'completed', response: 'yes' });
});

test('a status moves along legal transitions only', async () => {
  const run = await createTestRun(opened.store);
  const move = (to: 'planning' | 'synthesizing') => {
    const detail = { phase: 'planning', status: to } as const;
    return advanceRun(opened.store, { run, to, event: rootEvent(0, { name: 'run.phase', data: '', detail }) });
  };
  expect(await move('synthesizing')).toBe(false);
  expect(await move('planning')).toBe(true);
  expect(await move('planning'), 'again').toBe(true);
  expect(await names(run)).toEqual(['run.created', 'run.phase']);
});

function record(run: string, id: string) {
  const plan = planOf({ [id]: {} });
  const ready = rootEvent(0, {
    name: 'plan.ready',
    data: '',
    detail: { reasoning: '', model: null, tasks: [], mode: null },
  });
  const phase = rootEvent(0, { name: 'run.phase', data: '', detail: { phase: 'execution', status: 'running' } });
  return recordPlan(opened.store, { run, plan, usage: null, model: null, mode: null, ready, phase });
}

test('the plan recorded first is the one that counts', async () => {
  const run = await createTestRun(opened.store);
  expect((await record(run, 'first'))?.sub_tasks[0]?.task_id).toBe('first');
  expect((await record(run, 'second'))?.sub_tasks[0]?.task_id).toBe('first');
  expect(await names(run)).toEqual(['run.created', 'plan.ready', 'run.phase']);
});

test('no plan is recorded for a run that is being cancelled', async () => {
  const run = await createTestRun(opened.store);
  await requestStop(opened.store, run, cancelled);
  expect(await record(run, 'late')).toBeUndefined();
  expect(await names(run)).toEqual(['run.created']);
});

test('a root that finishes after the cancel was asked for does not end the run: only the cancel does', async () => {
  const run = await createTestRun(opened.store);
  await claim(run, 'root', { task: 'root' });
  await requestStop(opened.store, run, cancelled);
  const detail = { partial: false, warnings: [], usage: null };
  const completed = rootEvent(1, { name: 'run.completed', data: '', detail });
  const ending = {
    run,
    closer: 'root 1',
    epoch: 1,
    status: 'completed',
    response: 'yes',
    events: [completed],
  } as const;
  expect(await closeRun(opened.store, ending)).toBe('stopped');
  await endTestRun(opened.store, run);
  expect(await closeRun(opened.store, ending), 'sent again').toBe('ended');
  expect(await names(run)).toEqual(['run.created', 'task.started', 'run.cancelled']);
  const recorded = await loadRecord(opened.store, run);
  expect(recorded).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' } });
  expect(recorded?.response).toBeUndefined();
});

test('many long texts of dependencies share the room of one context, and each is cut between two characters and marked', async () => {
  const ids = Array.from({ length: 8 }, (_, index) => `d${index}`);
  const run = await createTestRun(opened.store);
  const long = '€'.repeat(limits.contextBytes / ids.length / 2);
  for (const id of ids) {
    await claim(run, id, { task: id });
    await settle(run, 1, result(id, 1, id === 'd0' ? 'short' : long));
  }
  const claimed = await claim(run, 'me', { task: 'join', dependencies: ids, needed: ids.length });
  const texts = 'inputs' in claimed ? ids.map((id) => claimed.inputs.get(id)?.response ?? '') : [];

  const mark = '\n[... shortened ...]';
  const share = limits.contextBytes / ids.length;
  const whole = '€'.repeat(Math.floor(share / 3)); // three bytes each
  expect(texts[0]).toBe('short');
  for (const text of texts.slice(1)) expect(text === whole + mark, `${text.length} characters`).toBe(true);
});

test('nothing is written for a run that was removed', async () => {
  const run = 'r0000000000000000000000';
  expect(await claim(run, 'me')).toMatchObject({ state: 'closed', epoch: 0 });
  expect(await record(run, 'a')).toBeUndefined();
  await endTestRun(opened.store, run);
  expect(await requestStop(opened.store, run, cancelled)).toBeUndefined();
  expect(await token(run, 1, 1, 'x')).not.toBe('written');
  expect(await settle(run, 1, result('t1', 1))).toBeUndefined();
  expect(await opened.store.redis.keys(`*${run}*`)).toEqual([]);
  expect(await loadRun(opened.store, run)).toBeUndefined();
});
