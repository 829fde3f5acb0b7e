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
