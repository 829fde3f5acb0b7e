import { expect, test } from 'vitest';
import { SubTask } from '../contracts/plan.ts';
import { Child } from '../contracts/round.ts';
import { childrenOf, isChildId } from './map-children.ts';

const job = { queue: 'cap-custom', id: 'run.3' };
const sketch = { task_id: 'm', description: 'do it', required_capability: 'custom', kind: 'map' };
const mapOf = (rest: Record<string, unknown>): SubTask =>
  SubTask.parse({ ...sketch, map: { over: { input: 'items' } }, ...rest });
const children = (task: SubTask, items: readonly unknown[]) => childrenOf({ task, job, inputs: ['a'] }, items);

test('children are named by their places, work as agents do, and get what their map task was given', () => {
  const task = mapOf({
    ...{ depends_on: ['a', 'b'], after: ['c'], on_dependency_failure: 'fail', optional: true, join: {} },
    ...{ priority: 'high', retries: 5, timeout_ms: 1_000, agent: 'pinned' },
  });
  const [, second] = children(task, ['x', 'y']);
  expect(second?.job).toEqual({ queue: 'cap-custom', id: 'run.3.1' });
  expect(second?.task).toMatchObject({
    ...{ task_id: 'm.1', kind: 'agent', description: 'do it', depends_on: ['a'], after: [], optional: false },
    ...{ priority: 'high', retries: 5, timeout_ms: 1_000, agent: 'pinned', input_data: { item: 'y', index: 1 } },
  });
  expect(JSON.stringify(second)).not.toMatch(/"(join|map|approval)"/);
});

test('the same list makes the same children, and what is recorded of them can be read', () => {
  const made = children(mapOf({}), [{ x: [1, null] }, null, 'text']);
  expect(children(mapOf({}), [{ x: [1, null] }, null, 'text'])).toEqual(made);
  const read = Child.array().parse(JSON.parse(JSON.stringify(made)));
  expect(read.map(({ task }) => task.input_data.item)).toEqual([{ x: [1, null] }, null, 'text']);
});

test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
  ['items', { items: [1], tone: 'dry' }, { tone: 'dry' }],
  ['a.list', { a: { list: [1], title: 't' }, tone: 'dry' }, { a: { title: 't' }, tone: 'dry' }],
  ['a.0.list', { a: [{ list: [1] }] }, { a: [{ list: [1] }] }],
])('a child gets its item in place of the list at "%s", and the rest of the input', (path, input, rest) => {
  const task = mapOf({ input_data: input, map: { over: { input: path } } });
  expect(children(task, [7])[0]?.task.input_data).toEqual({ ...rest, item: 7, index: 0 });
});

test('a list of a dependency takes nothing out of the input', () => {
  const task = mapOf({ depends_on: ['a'], input_data: { items: 'kept' }, map: { over: { task: 'a', path: 'items' } } });
  expect(children(task, [7])[0]?.task.input_data).toEqual({ items: 'kept', item: 7, index: 0 });
});

test('an item with which no task could be read back is refused before there is one', () => {
  const task = mapOf({ input_data: { tone: 'x'.repeat(200_000) } });
  expect(() => children(task, ['short', 'y'.repeat(60_000)])).toThrow(/^Item 1 is too large: expected at most 256000/);
});

test('ids that a map task may give are told from others', () => {
  expect(['m.0', 'm.17'].every((id) => isChildId(id, 'm'))).toBe(true);
  expect(['m', 'm.', 'm.x', 'm.1.2', 'mm.1', 'n.1'].some((id) => isChildId(id, 'm'))).toBe(false);
});
