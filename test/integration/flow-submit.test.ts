import { FlowProducer } from 'bullmq';
import { expect, test } from 'vitest';
import { submitFlow } from '../../src/flow/submit.ts';
import { flowGraphOf } from '../../src/plan/flow-graph.ts';
import { planOf } from '../support/plans.ts';
import { createTestRun, openTestStore } from '../support/store.ts';
import { useTestStore } from '../support/use-store.ts';

const opened = useTestStore();

const diamond = planOf({
  a: {},
  b: { after: ['a'] },
  c: { after: ['a'], capability: 'search' },
  d: { after: ['b', 'c'] },
});

test('getFlow of a diamond shows the shared task under both of its dependents', async () => {
  const run = await createTestRun(opened.store, diamond);
  await submitFlow(opened.flow, { run, graph: flowGraphOf(run, diamond), budgeted: false });

  const producer = new FlowProducer({ connection: opened.store.redis, prefix: opened.store.keys.prefix });
  const tree = await producer.getFlow({ id: `${run}.root`, queueName: 'root' });

  expect(draw(tree)).toBe('root(d(b(a),c(a)))');
});

type Tree = Awaited<ReturnType<FlowProducer['getFlow']>>;

function draw(tree: Tree | undefined): string {
  const children = (tree?.children ?? []).map(draw).toSorted().join(',');
  return `${tree?.job.name}${children === '' ? '' : `(${children})`}`;
}

test('submitting twice, also at once by two processes, leaves one flow with every edge', async () => {
  const run = await createTestRun(opened.store, diamond);
  const graph = flowGraphOf(run, diamond);
  await using other = openTestStore(opened.redis.url); // one process takes turns; two meet in Redis
  await Promise.all([opened, other, opened].map(({ flow }) => submitFlow(flow, { run, graph, budgeted: false })));
  await submitFlow(opened.flow, { run, graph, budgeted: false });

  const { redis: store, keys } = opened.store;
  const waitsFor = (queue: string, id: string) => store.smembers(`${keys.job(queue, id)}:dependencies`);
  expect((await waitsFor('cap-custom', `${run}.3`)).toSorted()).toEqual(
    [keys.job('cap-custom', `${run}.1`), keys.job('cap-search', `${run}.2`)].toSorted(),
  );
  expect(await waitsFor('root', `${run}.root`)).toEqual([keys.job('cap-custom', `${run}.3`)]);
  expect(await opened.flow.queue('cap-custom').getJobState(`${run}.0`)).toBe('prioritized');
});

test('a lost script cache in mid-submit loses no job and no edge', async () => {
  const first = await createTestRun(opened.store, diamond);
  await submitFlow(opened.flow, { run: first, graph: flowGraphOf(first, diamond), budgeted: false }); // the sockets have sent their scripts
  await opened.store.redis.script('FLUSH');

  const run = await createTestRun(opened.store, diamond);
  await submitFlow(opened.flow, { run, graph: flowGraphOf(run, diamond), budgeted: false });

  const states = await Promise.all(
    ['cap-custom', 'cap-custom', 'cap-search', 'cap-custom'].map((queue, index) =>
      opened.flow.queue(queue).getJobState(`${run}.${index}`),
    ),
  );
  expect(states).toEqual(['prioritized', 'waiting-children', 'waiting-children', 'waiting-children']);
});
