import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planOf } from '../../test/support/plans.ts';
import { ForkRequest } from '../contracts/fork.ts';
import { type TaskResult, unfinishedTask } from '../contracts/result.ts';
import type { Child } from '../contracts/round.ts';
import { forkFaults, forkPlan } from './fork.ts';
import { childrenOf } from './map-children.ts';

const done = (task_id: string): [string, TaskResult] => {
  const skipped = unfinishedTask({ task_id, agent_id: 'x', attempts: 1, latency_ms: 1 }, 'skipped', {
    code: '',
    message: '',
  });
  return [task_id, { ...skipped, status: 'completed', success: true, error: null }];
};
const left = (task_id: string, status: 'failed' | 'skipped', code: string): [string, TaskResult] => [
  task_id,
  unfinishedTask({ task_id, agent_id: 'x', attempts: 1, latency_ms: 1 }, status, { code, message: '' }),
];
const diamond = planOf({
  a: {},
  b: { after: ['a'] },
  c: { after: ['a'] },
  d: { after: ['b', 'c'] },
  e: { behind: ['d'] },
});
const all = new Map(['a', 'b', 'c', 'd', 'e'].map(done));
const ask = (request: object) => ForkRequest.parse(request);
const children: ReadonlyMap<string, readonly Child[]> = new Map(); // no map task

test('what is named or edited runs again with all that depends on it; what is only ordered behind it does not', () => {
  expect(forkPlan({ plan: diamond, results: all, children, request: ask({ from: ['b'] }) })).toMatchObject({
    rerun: ['b', 'd'],
    reused: ['a', 'c', 'e'],
  });
  const edited = forkPlan({
    plan: diamond,
    results: all,
    children,
    request: ask({ edits: { c: { agent: 'other' } } }),
  });
  expect(edited.rerun).toEqual(['c', 'd']);
  expect(edited.plan.sub_tasks[2]).toMatchObject({ agent: 'other' });
  expect(diamond.sub_tasks[2]).not.toHaveProperty('agent');
});

test('what never came to its turn runs again too; what failed is kept unless it is named', () => {
  const results = new Map([
    done('a'),
    left('b', 'failed', 'agent_failed'),
    left('c', 'skipped', 'cancelled'),
    done('e'),
  ]);
  expect(forkPlan({ plan: diamond, results, children, request: ask({ from: ['e'] }) })).toMatchObject({
    rerun: ['c', 'd', 'e'],
    reused: ['a', 'b'],
  });
});

test('unknown tasks and edits that make the plan invalid are named', () => {
  const request = ask({ from: ['x'], edits: { y: { agent: 'z' } } });
  expect(forkFaults({ plan: diamond, results: all, children, request }).map(({ path }) => path)).toEqual([
    'from[0]',
    'edits.y',
  ]);
  expect(ForkRequest.safeParse({}).success).toBe(false);
  expect(ForkRequest.safeParse({ edits: { a: {} } }).success).toBe(false);
});

test('an item of a map task stands for the whole of it, and cannot be edited alone', () => {
  const list = { kind: 'map', input_data: { items: [1, 2] }, map: { over: { input: 'items' } } };
  const plan = planOf({ a: {}, m: { ...list, after: ['a'] }, end: { after: ['m'] } });
  const map = plan.sub_tasks[1] ?? expect.fail('there is no map task');
  const items = childrenOf({ task: map, job: { queue: 'q', id: 'r.1' }, inputs: [] }, [1, 2]);
  const source = {
    ...{ plan, results: new Map(['a', 'm', 'm.0', 'm.1', 'end'].map(done)), children: new Map([['m', items]]) },
  };
  expect(forkFaults({ ...source, request: ask({ from: ['m.1'] }) })).toEqual([]);
  expect(forkPlan({ ...source, request: ask({ from: ['m.1'] }) })).toMatchObject({
    rerun: ['m', 'end'],
    reused: ['a'],
  });
  expect(forkFaults({ ...source, request: ask({ from: ['m.2'] }) })).toMatchObject([{ path: 'from[0]' }]);
  const [fault] = forkFaults({ ...source, request: ask({ edits: { 'm.1': { agent: 'x' } } }) });
  expect(fault).toMatchObject({ path: 'edits.m.1', message: expect.stringContaining('an item of "m"') });
});

test('no re-used task depends on one that runs again, whatever the graph', () => {
  const graph = fc.array(fc.uniqueArray(fc.nat(19), { maxLength: 3 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(graph, fc.nat(19), (dags, from) => {
      const plan = planOf(
        Object.fromEntries(
          dags.map((deps, at) => [`t${at}`, { after: deps.filter((dep) => dep < at).map((dep) => `t${dep}`) }]),
        ),
      );
      const results = new Map(plan.sub_tasks.map(({ task_id }) => done(task_id)));
      const request = ask({ from: [`t${from % dags.length}`] });
      const { rerun, reused } = forkPlan({ plan, results, children, request });
      expect([...rerun, ...reused].toSorted()).toEqual(plan.sub_tasks.map(({ task_id }) => task_id).toSorted());
      for (const task of plan.sub_tasks.filter(({ task_id }) => reused.includes(task_id))) {
        expect(task.depends_on.some((id) => rerun.includes(id))).toBe(false);
      }
    }),
  );
});
