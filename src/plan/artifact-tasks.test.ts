import { expect, test } from 'vitest';
import { planOf, type TaskSketch } from '../../test/support/plans.ts';
import type { SubTask } from '../contracts/plan.ts';
import { artifactTasks } from './artifact-tasks.ts';
import { applyOwnReviews } from './own-reviews.ts';

const code = { capability: 'code_generation' } as const;
const tasksOf = (sketch: Readonly<Record<string, TaskSketch>>): readonly SubTask[] => planOf(sketch).sub_tasks;

test('who writes code holds files, and who says so; who denies it does not', () => {
  const plan = planOf({ code, text: {}, said: { artifacts: true }, denied: { ...code, artifacts: false } });
  expect(artifactTasks(plan, new Map())).toEqual(['code', 'said']);
});

test('of a reviewed task what was accepted counts, as the task says', () => {
  const review = { max_revisions: 1 };
  const reviewed = planOf({
    code: { ...code, review },
    said: { artifacts: true, review },
    denied: { ...code, artifacts: false, review },
  });
  expect(artifactTasks(applyOwnReviews(reviewed), new Map())).toEqual(['code', 'said']);
});

test('a map’s items stand in its place, a program’s steps before it, however deep', () => {
  const plan = planOf({
    map: { ...code, kind: 'map', map: { over: { input: 'list' } } },
    program: { ...code, kind: 'program', agent: 'a' },
    last: code,
  });
  const children = new Map([
    ['map', tasksOf({ 'map.0': code, 'map.1': code })],
    ['program', tasksOf({ 'program.0': {}, 'program.1': { kind: 'map', map: { over: { input: 'list' } } } })],
    ['program.1', tasksOf({ 'program.1.0': code })],
  ]);
  expect(artifactTasks(plan, children)).toEqual(['map.0', 'map.1', 'program.1.0', 'program', 'last']);
});
