import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkRandomPatches, violationsOf } from '../suites/random-patches.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { type Asked, openPlanner, type Planner, patchText } from '../support/planner.ts';
import { planOf } from '../support/plans.ts';
import { seedOfTest } from '../support/seeded-random.ts';

let planner: Planner;
let engine: Engine;
let answer: (asked: Asked) => string;

beforeAll(async () => {
  planner = await openPlanner((asked) => answer(asked));
  // What nothing sets going must not be mended meanwhile.
  engine = await openEngine({ env: { ...planner.env, BATON_RECONCILE_MS: '600000' } });
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await planner[Symbol.asyncDispose]();
});

test('100 random plans under random patches end as the rules say', async () => {
  const seed = seedOfTest();
  const patches = await checkRandomPatches(engine, { cases: 100, seed }, (say) => {
    answer = say;
  });
  console.log(`${patches} patches counted, ${planner.asked.length} were asked for, SEED=${seed}`);
  expect(patches).toBeGreaterThan(10);
}, 120_000);

test('the rules find what is wrong with a run', async () => {
  answer = () => patchText([{ id: 'x' }], ['end']);
  const plan = planOf({ bad: { input_data: { fail: true }, retries: 0 }, end: { after: ['bad'] } });
  const ran = await engine.runToEnd(plan, { recovery: { mode: 'repairable' } });
  expect(violationsOf(ran)).toEqual([]);
  const [first] = ran.events.filter(({ name }) => name === 'task.started');
  const begun = first === undefined ? [] : [{ ...first, task_id: 'end' }];
  expect(violationsOf({ ...ran, events: [...ran.events.slice(0, -1), ...begun, ...ran.events.slice(-1)] })).toEqual([
    'end began although it was replaced',
  ]);
  const results = new Map([...ran.results].filter(([id]) => id !== 'bad.r1'));
  expect(violationsOf({ ...ran, results })).toContain('bad.r1 has no result');
});
