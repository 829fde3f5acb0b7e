import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Capability } from '../contracts/agent.ts';
import { Plan } from '../contracts/plan.ts';
import type { Mode } from '../contracts/run-options.ts';
import { graphOf } from './graph.ts';
import { applyMode, complexityOf, decideMode, interdependencyOf } from './mode.ts';
import { validatePlan } from './validate.ts';

type Edges = { readonly deps: readonly number[]; readonly behind: readonly number[] };

const planOf = (tasks: readonly Partial<Edges & { capability: Capability; description: string }>[]): Plan =>
  Plan.parse({
    sub_tasks: tasks.map(({ deps = [], behind = [], capability = 'custom', description = 'x' }, index) => ({
      task_id: `t${index}`,
      description,
      required_capability: capability,
      depends_on: deps.map((other) => `t${other}`),
      after: behind.map((other) => `t${other}`),
    })),
  });

/** Plans of up to `most` tasks, listed in any order: a task waits for ones of a lower rank only. */
const plansUpTo = (most: number): fc.Arbitrary<Plan> =>
  fc
    .array(
      fc.record({
        deps: fc.uniqueArray(fc.nat(most), { maxLength: 3 }),
        behind: fc.uniqueArray(fc.nat(most), { maxLength: 1 }),
        place: fc.nat(),
      }),
      { minLength: 1, maxLength: most },
    )
    .map((drawn) => {
      const earlier = (ids: readonly number[], index: number): number[] => ids.filter((id) => id < index);
      const plan = planOf(drawn.map(({ deps, behind }, i) => ({ deps: earlier(deps, i), behind: earlier(behind, i) })));
      const places = new Map(plan.sub_tasks.map((task, index) => [task, drawn[index]?.place ?? 0]));
      const shuffled = plan.sub_tasks.toSorted((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0));
      return { ...plan, sub_tasks: shuffled };
    });

const throttled = fc.constantFrom<Mode>('sequential', 'parallel', 'adaptive');
const modeOf = (plan: Plan, asked: Mode, freeCapacity = 1) => decideMode({ plan, asked, freeCapacity });
const ordered = (plan: Plan, asked: Mode): Plan => applyMode(plan, modeOf(plan, asked));

/** The most tasks that run at once in any course of a plan, by trying all sets of tasks that could be running together. */
function widthOf(plan: Plan): number {
  const before = new Map<string, Set<string>>();
  const tasks = new Map(plan.sub_tasks.map((task) => [task.task_id, task]));
  const ancestors = (id: string): Set<string> => {
    const known = before.get(id);
    if (known !== undefined) return known;
    const own = [...(tasks.get(id)?.depends_on ?? []), ...(tasks.get(id)?.after ?? [])];
    const all = new Set(own.flatMap((other) => [other, ...ancestors(other)]));
    before.set(id, all);
    return all;
  };
  const ids = [...tasks.keys()];
  const widest = (from: number, together: readonly string[]): number => {
    let most = together.length;
    for (let i = from; i < ids.length; i += 1) {
      const id = ids[i] ?? '';
      const apart = together.some((other) => ancestors(id).has(other) || ancestors(other).has(id));
      if (!apart) most = Math.max(most, widest(i + 1, [...together, id]));
    }
    return most;
  };
  return widest(0, []);
}

/** How long a plan takes when each task takes one unit of time and all run that may. */
function unitsOf(plan: Plan): number {
  const { order, tasks } = graphOf(plan);
  const ends = new Map<string, number>();
  for (const id of order) {
    const task = tasks.get(id);
    const begins = [...(task?.depends_on ?? []), ...(task?.after ?? [])].map((other) => ends.get(other) ?? 0);
    ends.set(id, Math.max(0, ...begins) + 1);
  }
  return Math.max(...ends.values());
}

describe('applyMode', () => {
  test('never lets more tasks run at once than there are lanes, and uses as many as the plan can', () => {
    fc.assert(
      fc.property(plansUpTo(11), throttled, (plan, asked) => {
        const lanes = modeOf(plan, asked)?.lanes ?? 0;
        expect(widthOf(ordered(plan, asked))).toBeLessThanOrEqual(lanes);
        expect(widthOf(ordered(plan, asked))).toBe(Math.min(lanes, widthOf(plan)));
      }),
    );
  });

  test('keeps every edge and every other field, and leaves a good plan', () => {
    fc.assert(
      fc.property(plansUpTo(60), throttled, (plan, asked) => {
        const changed = ordered(plan, asked);
        expect(validatePlan(changed)).toEqual([]);
        expect(changed.sub_tasks.map(({ after: _, ...rest }) => rest)).toEqual(
          plan.sub_tasks.map(({ after: _, ...rest }) => rest),
        );
        for (const [index, task] of plan.sub_tasks.entries()) {
          expect(changed.sub_tasks[index]?.after.slice(0, task.after.length)).toEqual(task.after);
        }
      }),
    );
  });

  test('adds nothing the second time', () => {
    fc.assert(
      fc.property(plansUpTo(60), throttled, (plan, asked) => {
        const once = ordered(plan, asked);
        expect(ordered(once, asked)).toBe(once);
      }),
    );
  });

  test('adds no edge that another way implies', () => {
    fc.assert(
      fc.property(plansUpTo(60), throttled, (plan, asked) => {
        const changed = ordered(plan, asked);
        for (const [index, task] of changed.sub_tasks.entries()) {
          const added = task.after.slice(plan.sub_tasks[index]?.after.length);
          for (const id of added) {
            const without = { ...task, after: task.after.filter((other) => other !== id) };
            const sub_tasks = changed.sub_tasks.with(index, without);
            const { order, dependents } = graphOf({ sub_tasks });
            const reached = new Set([id]);
            for (const each of order)
              if (reached.has(each)) for (const next of dependents.get(each) ?? []) reached.add(next);
            expect(reached.has(task.task_id)).toBe(false);
          }
        }
      }),
    );
  });

  test('adds no edge that the edges it added before imply', () => {
    // t3 comes after t0 and t1; t6, ordered behind t3, has two dependents, one of which goes to the lane where t1 was the last.
    const deps = [[], [], [], [0, 1], [2], [4], [4], [6], [6], [5]];
    const { sub_tasks } = ordered(planOf(deps.map((list) => ({ deps: list }))), 'adaptive');
    expect(sub_tasks.flatMap(({ task_id, after }) => after.map((id) => `${id} ${task_id}`))).toEqual(['t3 t6']);
  });

  test('adds little false waiting: at most the time that greedy lanes need for tasks of equal length', () => {
    fc.assert(
      fc.property(plansUpTo(60), throttled, (plan, asked) => {
        const lanes = modeOf(plan, asked)?.lanes ?? 1;
        // Graham's bound for any list schedule: the longest chain, and the rest in full lanes.
        const most = unitsOf(plan) + Math.ceil((plan.sub_tasks.length - unitsOf(plan)) / lanes);
        expect(unitsOf(ordered(plan, asked))).toBeLessThanOrEqual(most);
      }),
    );
  });

  test('makes one chain of a sequential plan, in the order of its edges', () => {
    const plan = ordered(planOf([{ deps: [2] }, {}, {}]), 'sequential');
    const { order } = graphOf(plan);
    expect(order).toEqual(['t2', 't1', 't0']);
    expect(plan.sub_tasks.map((task) => task.after)).toEqual([['t1'], ['t2'], []]);
  });

  test('puts a task behind its own dependencies: three chains side by side fit three lanes as they are', () => {
    const chains = planOf([{}, {}, {}, { deps: [0] }, { deps: [1] }, { deps: [2] }]);
    expect(ordered(chains, 'adaptive')).toBe(chains);
  });

  test('leaves the plain DAG alone', () => {
    const wide = planOf(Array.from({ length: 30 }, () => ({})));
    expect(modeOf(wide, 'dag')).toBeNull();
    expect(applyMode(wide, null)).toBe(wide);
  });

  test('is quick for the largest plan', () => {
    const layered = planOf(
      Array.from({ length: 500 }, (_, i) => ({
        deps: i < 20 ? [] : Array.from({ length: 10 }, (_unused, k) => (Math.floor(i / 20) - 1) * 20 + ((i + k) % 20)),
      })),
    );
    const began = performance.now();
    ordered(layered, 'parallel');
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe('decideMode', () => {
  const mode = (plan: Plan, freeCapacity = 1) => modeOf(plan, 'auto', freeCapacity)?.mode;
  const wide = planOf(Array.from({ length: 20 }, () => ({})));
  const chain = planOf(Array.from({ length: 20 }, (_, i) => ({ deps: i === 0 ? [] : [i - 1] })));

  test('auto: much work and free capacity run in parallel', () => {
    expect(modeOf(wide, 'auto', 0.9)).toEqual({
      asked: 'auto',
      mode: 'parallel',
      lanes: 5,
      complexity: 1,
      interdependency: 0,
      free_capacity: 0.9,
    });
  });

  test('auto: without free capacity, or with little work, it is adaptive', () => {
    expect(mode(wide, 0.7)).toBe('adaptive');
    expect(mode(wide, 0.71)).toBe('parallel');
    expect(mode(planOf([{}, {}, {}]))).toBe('adaptive');
  });

  test('auto: interdependency is asked before complexity', () => {
    expect(complexityOf(chain)).toBe(1);
    expect(mode(chain)).toBe('sequential');
  });

  test.each([
    [0.6, 'adaptive', 3],
    [0.8, 'sequential', 4],
  ])('auto: an interdependency of %d is %s', (interdependency, expected, longest) => {
    const plan = planOf(Array.from({ length: 6 }, (_, i) => ({ deps: i > 0 && i <= longest ? [i - 1] : [] })));
    expect(interdependencyOf(plan)).toBe(interdependency);
    expect(mode(plan)).toBe(expected);
  });

  test('auto: a complexity just below 0.8 is adaptive, one just above it parallel', () => {
    const tasks = Array.from({ length: 15 }, () => ({}));
    expect(complexityOf(planOf(tasks))).toBeLessThan(0.8);
    expect(mode(planOf(tasks))).toBe('adaptive');
    expect(complexityOf(planOf([...tasks, {}, {}]))).toBeGreaterThan(0.8);
    expect(mode(planOf([...tasks, {}, {}]))).toBe('parallel');
  });

  test('few tasks of many kinds, or with much to read, are complex too', () => {
    const kinds = planOf(Capability.options.map((capability) => ({ capability })));
    const long = planOf(Array.from({ length: 4 }, () => ({ description: 'x'.repeat(16_000) })));
    expect([complexityOf(kinds), complexityOf(long)]).toEqual([1, 1]);
    expect(complexityOf(planOf([{}]))).toBeLessThan(0.1);
  });

  test('what is asked for by name is given by name, with the same figures', () => {
    expect(modeOf(chain, 'parallel')).toMatchObject({
      asked: 'parallel',
      mode: 'parallel',
      lanes: 5,
      interdependency: 1,
    });
    expect(modeOf(wide, 'sequential')).toMatchObject({ asked: 'sequential', mode: 'sequential', lanes: 1 });
  });

  test('every figure lies between 0 and 1', () => {
    fc.assert(
      fc.property(plansUpTo(60), (plan) => {
        for (const figure of [complexityOf(plan), interdependencyOf(plan)]) {
          expect(figure).toBeGreaterThanOrEqual(0);
          expect(figure).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
