import { expect, test } from 'vitest';
import { type FlowJob, type FlowTree, readFlowTree } from './board-flow.ts';

type TestJob = FlowJob & { readonly id: string };

/** Jobs by key, each with the keys of its children; counts what is read. */
function flowOf(children: Readonly<Record<string, readonly string[]>>) {
  const reads = new Map<string, number>();
  const find = async (key: string): Promise<TestJob | undefined> => {
    reads.set(key, (reads.get(key) ?? 0) + 1);
    const own = children[key];
    return own && { id: key, getDependencies: async () => ({ unprocessed: own }) };
  };
  return { find, reads };
}

function shape(tree: FlowTree<TestJob> | undefined): unknown {
  return tree && [tree.job.id, ...tree.children.map(shape)];
}

test('a task shared by two dependents stands once', async () => {
  const { find, reads } = flowOf({ root: ['d'], d: ['b', 'c'], b: ['a'], c: ['a'], a: [] });
  const tree = await readFlowTree({ root: 'root', find, depth: 10, maxChildren: 20 });
  expect(shape(tree)).toEqual(['root', ['d', ['b', ['a']], ['c']]]);
  expect(reads.get('a')).toBe(1);
});

test('depth, children and nodes are bounded', async () => {
  const wide = Array.from({ length: 300 }, (_, index) => `t${index}`);
  const flow = flowOf({ root: wide, ...Object.fromEntries(wide.map((id) => [id, [`${id}.child`]])) });
  const tree = await readFlowTree({ root: 'root', find: flow.find, depth: 2, maxChildren: 1_000 });
  expect(tree?.children).toHaveLength(100);

  const chain = flowOf(Object.fromEntries(wide.map((id, index) => [id, [`t${index + 1}`]])));
  await readFlowTree({ root: 't0', find: chain.find, depth: 1_000, maxChildren: 20 });
  expect(chain.reads.size).toBe(200);
});

test('a job that is gone leaves a gap, and a root that is gone no tree', async () => {
  const { find } = flowOf({ root: ['a', 'gone'], a: [] });
  expect(shape(await readFlowTree({ root: 'root', find, depth: 10, maxChildren: 20 }))).toEqual(['root', ['a']]);
  expect(await readFlowTree({ root: 'other', find, depth: 10, maxChildren: 20 })).toBeUndefined();
});
