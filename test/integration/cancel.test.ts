import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isTerminalEvent } from '../../src/contracts/event.ts';
import type { Plan } from '../../src/contracts/plan.ts';
import { plainOptions } from '../../src/contracts/run-options.ts';
import { loadRecord } from '../../src/journal/load-run.ts';
import { cancelRun } from '../../src/orchestrator/cancel-run.ts';
import { removeEndedRun } from '../../src/orchestrator/remove-run.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { type Call, seen } from '../support/agents/scripted.ts';
import { planOf } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';
import { eventsOfEndedRun } from '../support/store.ts';
import { useTestStore } from '../support/use-store.ts';
import { startTestWorker } from '../support/worker.ts';

const opened = useTestStore();
let worker: AsyncDisposable;

beforeAll(async () => {
  worker = await startTestWorker({
    redisUrl: opened.redis.url,
    env: { BATON_RETENTION_MS: '1000', BATON_RECONCILE_MS: '200' },
  });
});

afterAll(async () => {
  await worker[Symbol.asyncDispose]();
});

/** Submits and waits until an agent was called for `task`. */
async function submitUntilCalled(plan: Plan, task: string): Promise<string> {
  const { run } = await submitRun(opened.flow, { plan, metadata: {}, options: plainOptions });
  while (!seen.calls.some((call) => call.key === `${run}.${task}`)) {
    const [call] = (await once(seen.events, 'call', { signal: AbortSignal.timeout(10_000) })) as [Call];
    if (call.key === `${run}.${task}`) break;
  }
  return run;
}

test('a cancel aborts what runs, skips what waits, and ends the run with one terminal event; nothing begins afterwards', async () => {
  const plan = planOf({
    hang: { input_data: { hang: true } },
    next: { after: ['hang'] },
    also: { input_data: { hang: true } },
  });
  const run = await submitUntilCalled(plan, 'hang');
  const before = performance.now();
  await cancelRun(opened.flow, run);
  const events = await eventsOfEndedRun(opened, run);

  expect(performance.now() - before).toBeLessThan(2_000);
  expect(events.filter(({ name }) => isTerminalEvent(name)).map(({ name }) => name)).toEqual(['run.cancelled']);
  expect(
    events
      .filter(({ name }) => name === 'task.skipped')
      .map(({ task_id }) => task_id)
      .toSorted(),
  ).toEqual(['also', 'hang', 'next']);
  expect(seen.calls.map(({ key }) => key)).not.toContain(`${run}.next`);
  expect(await loadRecord(opened.store, run)).toMatchObject({ status: 'cancelled' });
});

test('cancelling twice, and after the end, changes nothing', async () => {
  const run = await submitUntilCalled(planOf({ hang: { input_data: { hang: true } } }), 'hang');
  await Promise.all([cancelRun(opened.flow, run), cancelRun(opened.flow, run)]);
  const events = await eventsOfEndedRun(opened, run);
  expect(await cancelRun(opened.flow, run)).toBe('cancelled');
  expect(await opened.store.redis.xlen(opened.store.keys.run(run).events)).toBe(events.length);
  expect(await cancelRun(opened.flow, 'r0000000000000000000000')).toBeUndefined();
});

test('a run leaves as a whole when its retention is over: no key of it is left', async () => {
  const long = { input_data: { words: ['x'.repeat(5_000)] } };
  const { run } = await submitRun(opened.flow, {
    plan: planOf({ a: long, b: { after: ['a'], ...long } }),
    metadata: {},
    options: plainOptions,
  });
  await eventsOfEndedRun(opened, run);
  await eventually(async () => ((await opened.store.redis.keys(`*${run}*`)).length === 0 ? true : undefined), 15_000);
  expect(await opened.store.redis.zscore(opened.store.keys.runs, run)).toBeNull();
});

test('a run in work is not removed under its workers', async () => {
  const run = await submitUntilCalled(planOf({ hang: { input_data: { hang: true } } }), 'hang');
  expect(await removeEndedRun(opened.flow, run)).toBe(false);
  expect(await opened.flow.queue('root').getJobState(`${run}.root`)).toBe('waiting-children');
  await cancelRun(opened.flow, run);
  await eventsOfEndedRun(opened, run);
});
