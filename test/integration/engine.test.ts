import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isTerminalEvent } from '../../src/contracts/event.ts';
import type { Plan } from '../../src/contracts/plan.ts';
import type { TaskOutcome } from '../../src/contracts/result.ts';
import { plainOptions } from '../../src/contracts/run-options.ts';
import { loadRun } from '../../src/journal/load-run.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { graphOf } from '../../src/plan/graph.ts';
import { seen } from '../support/agents/scripted.ts';
import { planOf } from '../support/plans.ts';
import { seedOfTest } from '../support/seeded-random.ts';
import { eventsOf, eventsOfEndedRun } from '../support/store.ts';
import { useTestStore } from '../support/use-store.ts';
import { startTestWorker } from '../support/worker.ts';

const opened = useTestStore();
let worker: AsyncDisposable;
/** Runs of this file that have ended. */
const ended: string[] = [];

beforeAll(async () => {
  worker = await startTestWorker({ redisUrl: opened.redis.url, concurrency: 100 });
});

afterAll(async () => {
  await worker[Symbol.asyncDispose]();
});

async function runToEnd(plan: Plan) {
  const { run } = await submitRun(opened.flow, { plan, metadata: {}, options: plainOptions });
  const events = await eventsOfEndedRun(opened, run);
  ended.push(run);
  const state = await loadRun(opened.store, run);
  if (state === undefined) throw new Error('the run has no record');
  return { run, events, state, results: state.results };
}

const statuses = (results: ReadonlyMap<string, { status: TaskOutcome }>) =>
  Object.fromEntries([...results].map(([id, { status }]) => [id, status]).toSorted());

test('the shared task of a diamond runs once, and its text reaches both dependents', async () => {
  const { run, results, state } = await runToEnd(
    planOf({ a: {}, b: { after: ['a'] }, c: { after: ['a'], capability: 'search' }, d: { after: ['b', 'c'] } }),
  );
  expect(statuses(results)).toEqual({ a: 'completed', b: 'completed', c: 'completed', d: 'completed' });
  expect(
    seen.calls
      .filter(({ key }) => key.startsWith(run))
      .map(({ task }) => task)
      .toSorted(),
  ).toEqual(['a', 'b', 'c', 'd']);
  expect(state.record).toMatchObject({ status: 'completed' });
});

test('dependents of a failed task are skipped with the reason, or run with what there is; the others go on', async () => {
  const { results, state, events } = await runToEnd(
    planOf({
      bad: { input_data: { fail: true }, retries: 0 },
      behind: { after: ['bad'] },
      further: { after: ['behind'] },
      partial: { after: ['bad', 'good'], on_dependency_failure: 'partial' },
      good: {},
    }),
  );
  expect(statuses(results)).toEqual({
    bad: 'failed',
    behind: 'skipped',
    further: 'skipped',
    good: 'completed',
    partial: 'completed',
  });
  expect(results.get('behind')?.error?.message).toBe('A task this one depends on did not complete: bad failed.');
  expect(state.record).toMatchObject({ status: 'completed', partial: '1' });
  expect(events.at(-1)).toMatchObject({ name: 'run.completed', detail: { partial: true } });
});

test('a run none of whose tasks succeeds fails and says why', async () => {
  const { state, events } = await runToEnd(planOf({ bad: { input_data: { fail: true }, retries: 0 } }));
  expect(state.record).toMatchObject({ status: 'failed', error: { code: 'run_failed' } });
  expect(events.at(-1)).toMatchObject({ name: 'run.failed' });
});

test('a failed call goes to the next agent of the capability with a new attempt', async () => {
  const { run, results, events } = await runToEnd(
    planOf({ s: { capability: 'search', input_data: { failFirst: 1 } } }),
  );
  const calls = seen.calls.filter(({ key }) => key.startsWith(run));
  expect(calls.map(({ attempt }) => attempt)).toEqual([1, 2]);
  expect(new Set(calls.map(({ agent }) => agent)).size).toBe(2);
  expect(results.get('s')).toMatchObject({ status: 'completed', attempts: 2 });
  expect(events.filter(({ task_id }) => task_id === 's').map(({ name }) => name)).toEqual([
    'task.started',
    'agent.selected',
    'task.retrying',
    'task.started',
    'agent.selected',
    'task.token',
    'task.completed',
  ]);
});

test('an agent that always fails is called exactly as often as configured', async () => {
  const { run, results } = await runToEnd(planOf({ s: { input_data: { fail: true }, retries: 1 } }));
  expect(seen.calls.filter(({ key }) => key.startsWith(run))).toHaveLength(2);
  expect(results.get('s')).toMatchObject({ status: 'failed', error: { code: 'agent_failed' } });
});

test('a task that takes too long fails with its time limit', async () => {
  const { results } = await runToEnd(planOf({ slow: { input_data: { hang: true }, timeout_ms: 200 }, ok: {} }));
  expect(results.get('slow')).toMatchObject({ status: 'failed', error: { code: 'task_timeout' } });
});

test('a task whose pinned agent is not there fails as no_suitable_agent while the rest goes on', async () => {
  const { results } = await runToEnd(planOf({ pinned: { agent: 'nobody' }, ok: {} }));
  expect(results.get('pinned')).toMatchObject({ status: 'failed', error: { code: 'no_suitable_agent' } });
  expect(results.get('ok')?.status).toBe('completed');
});

test('a script cache that Redis loses again and again costs no edge and no result', async () => {
  const flush = setInterval(() => void opened.store.redis.script('FLUSH'), 3);
  const lattice = planOf(
    Object.fromEntries(
      Array.from({ length: 24 }, (_, index) => {
        const above = index < 4 ? [] : [index - 4, Math.floor(index / 4 - 1) * 4 + ((index + 1) % 4)];
        return [`t${index}`, { after: [...new Set(above)].map((dep) => `t${dep}`) }];
      }),
    ),
  );
  try {
    const runs = await Promise.all(Array.from({ length: 5 }, () => runToEnd(lattice)));
    for (const { results } of runs) expect(Object.values(statuses(results))).toEqual(Array(24).fill('completed'));
  } finally {
    clearInterval(flush);
  }
});

/** Random DAGs of up to 40 tasks over three queues, a tenth of the tasks failing, some taking partial input. */
const plans = fc
  .array(
    fc.record({
      deps: fc.uniqueArray(fc.nat(39), { maxLength: 4 }),
      fail: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      policy: fc.constantFrom('skip', 'skip', 'partial'),
      capability: fc.constantFrom('custom', 'search', 'summarization'),
      ms: fc.constantFrom(0, 0, 0, 5),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((tasks) =>
    planOf(
      Object.fromEntries(
        tasks.map(({ deps, fail, policy, capability, ms }, index) => [
          `t${index}`,
          {
            after: deps.filter((dep) => dep < index).map((dep) => `t${dep}`),
            capability: capability as 'custom',
            on_dependency_failure: policy,
            retries: 0,
            input_data: { fail, ms },
          },
        ]),
      ),
    ),
  );

/** The outcomes that the policies alone demand. */
function expectedOutcomes(plan: Plan): Readonly<Record<string, TaskOutcome>> {
  const { order, tasks } = graphOf(plan);
  const outcomes = new Map<string, TaskOutcome>();
  for (const id of order) {
    const task = tasks.get(id);
    const blocked =
      task?.on_dependency_failure === 'skip' && task.depends_on.some((dep) => outcomes.get(dep) !== 'completed');
    outcomes.set(id, blocked ? 'skipped' : task?.input_data.fail === true ? 'failed' : 'completed');
  }
  return Object.fromEntries([...outcomes].toSorted());
}

test('random graphs: order respected, one result and one call per task, the right ones skipped, one end', async () => {
  const seed = seedOfTest();
  await fc.assert(
    fc.asyncProperty(fc.array(plans, { minLength: 10, maxLength: 10 }), async (batch) => {
      await Promise.all(batch.map(checkRun));
    }),
    { numRuns: 20, seed, endOnFailure: true },
  );
});

async function checkRun(plan: Plan): Promise<void> {
  const { run, events, results } = await runToEnd(plan);
  const expected = expectedOutcomes(plan);
  expect(statuses(results)).toEqual(expected);
  expect(events.filter(({ name }) => isTerminalEvent(name))).toHaveLength(1);
  const ends = events.filter(({ name }) => ['task.completed', 'task.failed', 'task.skipped'].includes(name));
  expect(ends.map(({ task_id }) => task_id).toSorted()).toEqual(Object.keys(expected));

  const called = Object.keys(expected).filter((id) => expected[id] !== 'skipped');
  const calls = seen.calls.filter(({ key }) => key.startsWith(run)).map(({ task }) => task);
  expect(calls.toSorted()).toEqual(called);
  for (const { task_id, depends_on } of plan.sub_tasks) {
    const began = seen.began.get(`${run}.${task_id}`);
    for (const dep of depends_on) {
      const ended = seen.ended.get(`${run}.${dep}`);
      if (began !== undefined && ended !== undefined) expect(began).toBeGreaterThanOrEqual(ended);
    }
  }
}

test('when the worker has closed, every run has one end still, and nothing after it', async () => {
  await worker[Symbol.asyncDispose]();
  const streams = await Promise.all(ended.map((run) => eventsOf(opened.store, run)));
  for (const events of streams) {
    expect(events.filter(({ name }) => isTerminalEvent(name))).toEqual(events.slice(-1));
  }
});
