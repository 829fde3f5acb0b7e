// Random plans with everything a plan may have, run on the real engine and judged by the reference scheduler.
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Plan } from '../../src/contracts/plan.ts';
import { seen } from '../support/agents/scripted.ts';
import type { Engine } from '../support/engine.ts';
import { planOf, type TaskSketch } from '../support/plans.ts';
import { violationsOf } from '../support/reference-scheduler.ts';

const MOST_TASKS = 20;
const AT_ONCE = 10;

const join = fc.record({
  min_fraction: fc.constantFrom(0.25, 0.5, 0.75, 1),
  grace_ms: fc.constantFrom(0, 0, 10),
  late: fc.constantFrom('drop', 'keep'),
});

const task = fc.record({
  deps: fc.uniqueArray(fc.nat(MOST_TASKS - 1), { maxLength: 4 }),
  behind: fc.uniqueArray(fc.nat(MOST_TASKS - 1), { maxLength: 1 }),
  fail: fc.integer({ min: 0, max: 6 }).map((n) => n === 0),
  policy: fc.constantFrom('skip', 'skip', 'skip', 'partial', 'partial', 'fail'),
  optional: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  join: fc.option(join, { freq: 2 }),
  items: fc.oneof(
    { weight: 6, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.array(fc.boolean(), { maxLength: 4 }) },
  ),
  onItemFailure: fc.constantFrom('partial', 'fail'),
  capability: fc.constantFrom('custom', 'search', 'summarization'),
  ms: fc.constantFrom(0, 0, 0, 3, 12),
});
type Drawn = typeof task extends fc.Arbitrary<infer T> ? T : never;

/** Plans of up to 20 tasks: policies, optional tasks, joins, fan-outs, edges that only order, failures. */
export const plans: fc.Arbitrary<Plan> = fc
  .array(task, { minLength: 1, maxLength: MOST_TASKS })
  .map((tasks) => planOf(Object.fromEntries(tasks.map((drawn, index) => [`t${index}`, sketchOf(drawn, index)]))));

function sketchOf(drawn: Drawn, index: number): TaskSketch {
  const earlier = (ids: readonly number[]): string[] => ids.filter((id) => id < index).map((id) => `t${id}`);
  const after = earlier(drawn.deps);
  const items = drawn.items?.map((fail) => ({ fail, ms: drawn.ms }));
  return {
    after,
    behind: earlier(drawn.behind).filter((id) => !after.includes(id)),
    capability: drawn.capability as 'custom',
    on_dependency_failure: drawn.policy,
    optional: drawn.optional,
    retries: 0,
    ...(drawn.join !== null && after.length > 0 ? { join: drawn.join } : {}),
    ...(items === undefined
      ? { input_data: { fail: drawn.fail, ms: drawn.ms } }
      : {
          kind: 'map',
          map: { over: { input: 'items' }, on_item_failure: drawn.onItemFailure },
          input_data: { items },
        }),
  };
}

/** Runs `cases` random plans, some at once; a failure prints its seed. */
export async function checkRandomPlans(engine: Engine, cases: number, seed: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(plans, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (batch) => {
      await Promise.all(batch.map((plan) => checkRun(engine, plan)));
    }),
    { numRuns: Math.ceil(cases / AT_ONCE), seed, endOnFailure: true },
  );
}

async function checkRun(engine: Engine, plan: Plan): Promise<void> {
  const { run, events, results } = await engine.runToEnd(plan);
  expect(violationsOf(plan, events)).toEqual([]);

  const told = events.filter(({ name }) => ['task.completed', 'task.failed', 'task.skipped'].includes(name));
  const recorded = [...results].map(([id, { status }]) => `${id} ${status}`);
  // Results that are recorded after the end are heard of no more.
  expect(recorded).toEqual(expect.arrayContaining(told.map(({ task_id, name }) => `${task_id} ${name.slice(5)}`)));
  const keys = seen.calls.filter(({ key }) => key.startsWith(run)).map(({ key }) => key);
  expect(keys).toHaveLength(new Set(keys).size);
  for (const { task_id, depends_on } of plan.sub_tasks.filter((each) => each.join === undefined)) {
    const began = seen.began.get(`${run}.${task_id}`);
    for (const dep of depends_on) {
      const ended = seen.ended.get(`${run}.${dep}`);
      if (began !== undefined && ended !== undefined) expect(began).toBeGreaterThanOrEqual(ended);
    }
  }
}
