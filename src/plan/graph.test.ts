import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Plan } from '../contracts/plan.ts';
import { flowGraphOf } from './flow-graph.ts';
import { graphOf, treeSize } from './graph.ts';

const planOf = (dependencies: readonly (readonly number[])[]) =>
  Plan.parse({
    sub_tasks: dependencies.map((list, index) => ({
      task_id: `t${index}`,
      description: 'x',
      required_capability: 'custom',
      depends_on: list.map((other) => `t${other}`),
    })),
  });

/** Any DAG of up to 40 tasks: a task depends on earlier ones only. */
const dags = fc
  .integer({ min: 1, max: 40 })
  .chain((size) =>
    fc.tuple(
      ...Array.from({ length: size }, (_, index) =>
        index === 0 ? fc.constant<number[]>([]) : fc.uniqueArray(fc.nat(index - 1), { maxLength: 4 }),
      ),
    ),
  );

test('every task stands behind its dependencies in the order, each once', () => {
  fc.assert(
    fc.property(dags, (dag) => {
      const plan = planOf(dag);
      const { order } = graphOf(plan);
      const place = new Map(order.map((id, index) => [id, index]));
      expect(order.toSorted()).toEqual(plan.sub_tasks.map((task) => task.task_id).toSorted());
      for (const task of plan.sub_tasks) {
        for (const dependency of task.depends_on) {
          expect(place.get(dependency)).toBeLessThan(place.get(task.task_id) ?? -1);
        }
      }
    }),
  );
});

test('a flow holds each edge once: as a parent or as an extra edge of the dependency', () => {
  fc.assert(
    fc.property(dags, (dag) => {
      const graph = flowGraphOf('r', planOf(dag));
      const resolved = graph.nodes.flatMap(({ job, parent, edges }) =>
        [parent, ...edges].map((to) => `${job.id}>${to.id}`),
      );
      const waited = [
        ...graph.nodes.flatMap(({ job, waitsFor }) => waitsFor.map((from) => `${from.id}>${job.id}`)),
        ...graph.rootWaitsFor.map((from) => `${from.id}>${graph.root.id}`),
      ];
      expect(resolved.toSorted()).toEqual(waited.toSorted());
    }),
  );
});

test('the tree of a layered graph is counted by its paths: 4 full layers of 5 give 781 nodes', () => {
  const layered = Array.from({ length: 20 }, (_, index) =>
    index < 5 ? [] : Array.from({ length: 5 }, (_unused, column) => Math.floor(index / 5 - 1) * 5 + column),
  );
  expect(treeSize(graphOf(planOf(layered)))).toBe(781);
});

test('an edge that only orders counts like a dependency, and one that is both counts once', () => {
  const plan = planOf([[], [0], []]);
  const [first, second, third] = plan.sub_tasks;
  if (first === undefined || second === undefined || third === undefined) throw new Error('the plan has three tasks');
  const sub_tasks = [
    { ...first, after: ['t2'] },
    { ...second, after: ['t0'] },
    { ...third, after: [] },
  ];
  const { order, dependents } = graphOf({ sub_tasks });
  expect(order).toEqual(['t2', 't0', 't1']);
  expect([...dependents]).toEqual([
    ['t0', ['t1']],
    ['t1', []],
    ['t2', ['t0']],
  ]);
});
