import { expect, test } from 'vitest';
import { Plan } from '../contracts/plan.ts';
import { validatePlan } from './validate.ts';

const planOf = (
  tasks: Readonly<Record<string, readonly string[]>> | readonly (readonly [string, readonly string[]])[],
) =>
  Plan.parse({
    sub_tasks: (Array.isArray(tasks) ? tasks : Object.entries(tasks)).map(([task_id, depends_on]) => ({
      task_id,
      description: 'x',
      required_capability: 'custom',
      depends_on,
    })),
  });
const messages = (plan: Plan) => validatePlan(plan).map(({ path, message }) => `${path}: ${message}`);

test('a diamond is a good plan', () => {
  expect(messages(planOf({ a: [], b: ['a'], c: ['a'], d: ['b', 'c'] }))).toEqual([]);
});

test('every bad dependency is named with its place', () => {
  expect(messages(planOf({ a: ['a'], b: ['zz', 'a', 'a'] }))).toEqual([
    'sub_tasks[0].depends_on[0]: "a" depends on itself',
    'sub_tasks[1].depends_on[0]: "zz" is no task of this plan',
    'sub_tasks[1].depends_on[2]: "a" is named twice',
  ]);
});

test('a cycle is named with its tasks, and those behind it', () => {
  expect(messages(planOf({ a: ['c'], b: ['a'], c: ['b'], d: ['c'], e: [] }))).toEqual([
    'sub_tasks: these tasks wait for each other in a cycle, or behind one: a, b, c, d',
  ]);
});

test('an id used twice is a fault: the second task would never run', () => {
  const plan = planOf([
    ['a', []],
    ['a', []],
  ]);
  expect(messages(plan)).toEqual(['sub_tasks[1].task_id: "a" is used twice; give each task an id of its own']);
});

test('names of object prototypes are ids like any other', () => {
  expect(
    messages(
      planOf([
        ['constructor', []],
        ['toString', ['constructor']],
      ]),
    ),
  ).toEqual([]);
  expect(messages(planOf({ a: ['constructor'] }))).toHaveLength(1);
});

const tasksOf = (tasks: Readonly<Record<string, object>>) =>
  Plan.parse({
    sub_tasks: Object.entries(tasks).map(([task_id, rest]) => ({
      task_id,
      description: 'x',
      required_capability: 'custom',
      ...rest,
    })),
  });

test('ordering edges have the faults of dependencies; one that repeats a dependency is good', () => {
  expect(messages(tasksOf({ a: { after: ['a'] }, b: { after: ['zz', 'a', 'a'] } }))).toEqual([
    'sub_tasks[0].after[0]: "a" comes after itself',
    'sub_tasks[1].after[0]: "zz" is no task of this plan',
    'sub_tasks[1].after[2]: "a" is named twice',
  ]);
  expect(messages(tasksOf({ a: {}, b: { depends_on: ['a'], after: ['a'] } }))).toEqual([]);
});

test('a cycle through ordering edges names them', () => {
  expect(messages(tasksOf({ a: { after: ['c'] }, b: { depends_on: ['a'] }, c: { after: ['b'] }, d: {} }))).toEqual([
    'sub_tasks: these tasks wait for each other in a cycle, or behind one: a, b, c; ' +
      'without the order "a" after "c", "c" after "b" there is none',
  ]);
});

test('a cycle that stays without the ordering edges does not blame them', () => {
  expect(messages(tasksOf({ a: { depends_on: ['b'] }, b: { depends_on: ['a'] }, c: { after: ['a'] } }))).toEqual([
    'sub_tasks: these tasks wait for each other in a cycle, or behind one: a, b, c',
  ]);
});

const overTask = { kind: 'map', map: { over: { task: 'a' } } };

test('a map task says where its list is, and depends on the task that has it', () => {
  expect(messages(tasksOf({ a: {}, b: { ...overTask, depends_on: ['a'] } }))).toEqual([]);
  expect(messages(tasksOf({ b: { kind: 'map', map: { over: { input: 'list' } } } }))).toEqual([]);
  expect(messages(tasksOf({ a: {}, b: overTask, c: { kind: 'map' }, d: { map: { over: { input: 'x' } } } }))).toEqual([
    'sub_tasks[1].map.over.task: "a" has the list, so it must stand in depends_on',
    'sub_tasks[2].map: a task of kind "map" needs "map", which says where its list is',
    'sub_tasks[3].map: only a task of kind "map" has "map", and this one is "agent"',
  ]);
});

test('no task is called like an item of a map task', () => {
  const map = { kind: 'map', map: { over: { input: 'list' } } };
  expect(messages(tasksOf({ m: map, 'm.0': {}, 'm.x': {}, 'n.0': {}, 'm.1.2': {} }))).toEqual([
    'sub_tasks[1].task_id: "m.0" is what an item of the map task "m" is called; give this task another id',
  ]);
});

test("a map task's id leaves room for its items' numbers", () => {
  const map = { kind: 'map', map: { over: { input: 'list' } } };
  expect(messages(tasksOf({ ['m'.repeat(60)]: map }))).toEqual([]);
  expect(messages(tasksOf({ ['m'.repeat(61)]: map }))).toHaveLength(1);
});

test('a join needs branches: an order is none', () => {
  expect(messages(tasksOf({ a: {}, b: { depends_on: ['a'], join: {} } }))).toEqual([]);
  expect(messages(tasksOf({ a: {}, b: { after: ['a'], join: {} } }))).toEqual([
    'sub_tasks[1].join: a join of zero: name its branches in depends_on, or leave the join out',
  ]);
});
