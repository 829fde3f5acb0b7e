// A task's result and the end of its job, in one step: BullMQ's worker with flow/finish.ts, and nothing else of a worker.
import { type Job, UnrecoverableError, Worker } from 'bullmq';
import { expect, test } from 'vitest';
import { type Finishing, finishingBackend } from '../../src/flow/finish.ts';
import { submitFlow } from '../../src/flow/submit.ts';
import { loadResultsOf } from '../../src/journal/load-results.ts';
import { toEnvelope } from '../../src/journal/result-codec.ts';
import { flowGraphOf } from '../../src/plan/flow-graph.ts';
import { planOf } from '../support/plans.ts';
import { claim, playPlan, resultOf } from '../support/played-run.ts';
import { eventually } from '../support/processes.ts';
import { createTestRun, eventsOf } from '../support/store.ts';
import { useTestStore } from '../support/use-store.ts';

const QUEUE = 'cap-custom';
const plan = planOf({ a: {}, b: { after: ['a'], capability: 'search' } });

const opened = useTestStore();

/** Submits a then b, takes a, does `meanwhile`, and ends it with the result of its first claim. */
async function endTask(meanwhile: (run: string) => Promise<unknown>) {
  const { store, flow } = opened;
  const run = await createTestRun(store, plan);
  await playPlan(store, run, plan);
  const graph = flowGraphOf(run, plan);
  await submitFlow(flow, { run, graph, budgeted: false });
  const closed: string[] = [];
  const finishings = new Map<string, Finishing>();
  const process = async (job: Job): Promise<object> => {
    if (job.attemptsMade > 0) throw new UnrecoverableError('taken again');
    const epoch = await claim(store, run, 'a');
    const result = resultOf('a', { response: 'done', attempts: epoch, fails: false });
    const detail = { status: 'completed', latency_ms: 1, confidence: null, usage: null, truncated: false } as const;
    const event = { name: 'task.completed', task_id: 'a', agent_id: 'x', attempt: epoch, data: '', detail } as const;
    const own = { queue: QUEUE, id: `${run}.0` };
    const edges = graph.nodes[0]?.edges ?? [];
    const settlement = { run, epoch, result, events: [event], job: own, edges, tree: true, stop: undefined };
    finishings.set(`${job.id}`, { settlement, close: () => void closed.push(own.id) });
    await meanwhile(run);
    return { status: 'completed' };
  };
  const options = { connection: store.redis, prefix: store.keys.prefix };
  const worker = new Worker(QUEUE, process, options, finishingBackend(store, finishings));
  worker.on('error', () => undefined);
  await eventually(async () => (closed.length === 1 ? true : undefined));
  await worker.close();
  const stateOf = async (queue: string, id: string) => (await flow.queue(queue).getJob(id))?.getState();
  return {
    run,
    a: await stateOf(QUEUE, `${run}.0`),
    b: await stateOf('cap-search', `${run}.1`),
    response: (await loadResultsOf(store, run, ['a'])).get('a')?.response,
    endings: (await eventsOf(store, run)).filter(({ name }) => name === 'task.completed').length,
    left: finishings.size,
  };
}

test('the result is there, its job has ended and its dependent may run', async () => {
  const { run, ...ended } = await endTask(async () => undefined);
  expect(ended).toEqual({ a: 'completed', b: 'prioritized', response: 'done', endings: 1, left: 0 });
  const job = await opened.flow.queue(QUEUE).getJob(`${run}.0`);
  expect(job).toMatchObject({ returnvalue: { status: 'completed' }, attemptsMade: 1 });
  expect(await opened.store.redis.exists(`${opened.store.keys.job(QUEUE, `${run}.0`)}:lock`)).toBe(0);
});

test('scripts that Redis has lost meanwhile are sent again', async () => {
  const ended = await endTask(() => opened.store.redis.script('FLUSH'));
  expect(ended).toMatchObject({ a: 'completed', b: 'prioritized', response: 'done', endings: 1 });
});

test('an attempt that was overtaken records nothing, and neither ends the job nor lets a dependent run', async () => {
  const ended = await endTask((run) => claim(opened.store, run, 'a'));
  expect(ended).toMatchObject({ a: 'delayed', b: 'waiting-children', response: undefined, endings: 0, left: 0 });
});

test('a result that was recorded before stays, and the job ends all the same', async () => {
  const ended = await endTask(async (run) => {
    const result = resultOf('a', { response: 'before', attempts: 1, fails: false });
    const { redis, keys } = opened.store;
    await redis.hset(keys.run(run).results, 'a', JSON.stringify(toEnvelope(result).envelope));
  });
  expect(ended).toMatchObject({ a: 'completed', b: 'prioritized', response: 'before', endings: 0 });
});
