import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Plan, type SubTask } from '../contracts/plan.ts';
import { type PatchState, PlanPatch, type RecordedPatch } from '../contracts/plan-patch.ts';
import { RunOptions } from '../contracts/run-options.ts';
import { graphOf } from './graph.ts';
import { applyPatch, patchFaults } from './patch.ts';
import type { PatchSource } from './patch-source.ts';
import { ancestorsOf, isNoWiderThan } from './reach.ts';
import { validatePlan } from './validate.ts';

type Sketch = Partial<SubTask> & { readonly deps?: readonly string[] };

function tasksOf(sketches: Readonly<Record<string, Sketch>>) {
  return Object.entries(sketches).map(([task_id, { deps = [], ...rest }]) => ({
    ...{ task_id, description: `do ${task_id}`, required_capability: 'custom', depends_on: [...deps] },
    ...rest,
  }));
}

const planOf = (sketches: Readonly<Record<string, Sketch>>): Plan => Plan.parse({ sub_tasks: tasksOf(sketches) });
const patchOf = (add: Readonly<Record<string, Sketch>>, supersede: readonly string[] = []): PlanPatch =>
  PlanPatch.parse({ reason: 'why', add_tasks: tasksOf(add), supersede_pending: supersede });

/** A run whose task `bad` has failed; all others stand as given, pending by default. */
function sourceOf(
  plan: Plan,
  states: Readonly<Record<string, PatchState>> = {},
  more: Partial<PatchSource> = {},
): PatchSource {
  const all = new Map(plan.sub_tasks.map(({ task_id }) => [task_id, states[task_id] ?? 'pending'] as const));
  const options = RunOptions.parse({ recovery: { mode: 'repairable' } });
  return {
    plan,
    revision: 0,
    patches: [],
    task: 'bad',
    states: all.set('bad', 'failed'),
    options,
    lanes: null,
    ...more,
  };
}

const messagesOf = (source: PatchSource, patch: PlanPatch) =>
  patchFaults(source, patch).map(({ path, message }) => `${path}: ${message}`);

const plan = planOf({ a: {}, bad: {}, c: { deps: ['a', 'bad'] }, d: { deps: ['c'] }, e: { deps: ['a'] } });
const states = { a: 'completed', e: 'running' } as const;

test('a patch that adds tasks and replaces all that needs the outcome may be applied', () => {
  const source = sourceOf(plan, states);
  const patch = patchOf({ x: { deps: ['a'] }, y: { deps: ['x', 'e'] } }, ['c', 'd']);
  expect(patchFaults(source, patch)).toEqual([]);
  const patched = applyPatch(source, patch);
  expect(patched.from).toBe(5);
  expect(patched.plan.sub_tasks.slice(0, 5)).toEqual(plan.sub_tasks);
  expect(patched.plan.sub_tasks.slice(5).map(({ task_id }) => task_id)).toEqual(['x', 'y']);
});

test.each<[string, PlanPatch, string]>([
  ['adds nothing', patchOf({}, ['c', 'd']), 'add_tasks: expected at least one task that makes up for the outcome'],
  [
    'uses an id of the plan',
    patchOf({ a: {} }),
    'add_tasks[0].task_id: "a" is used twice; give each task an id of its own',
  ],
  [
    'uses an id twice',
    { ...patchOf({ x: {} }), add_tasks: [...patchOf({ x: {} }).add_tasks, ...patchOf({ x: {} }).add_tasks] },
    'add_tasks[1].task_id: "x" is used twice; give each task an id of its own',
  ],
  [
    'depends on nobody',
    patchOf({ x: { deps: ['nobody'] } }),
    'add_tasks[0].depends_on[0]: "nobody" is no task of this plan',
  ],
  [
    'depends on the outcome',
    patchOf({ x: { deps: ['bad'] } }),
    'add_tasks[0].depends_on[0]: "bad" is the task to make up for: it has nothing to give',
  ],
  [
    'depends on what it replaces',
    patchOf({ x: { deps: ['d'] } }, ['d']),
    'add_tasks[0].depends_on[0]: "d" is replaced by this patch: it will give nothing',
  ],
  [
    'goes in a circle',
    patchOf({ x: { deps: ['y'] }, y: { deps: ['x'] } }),
    'add_tasks: these tasks wait for each other in a cycle, or behind one: x, y',
  ],
  [
    'replaces what has begun',
    patchOf({ x: {} }, ['e']),
    'supersede_pending[0]: "e" has begun (running): only tasks that have not can be replaced',
  ],
  [
    'replaces what has ended',
    patchOf({ x: {} }, ['a']),
    'supersede_pending[0]: "a" has begun (completed): only tasks that have not can be replaced',
  ],
  ['replaces nobody', patchOf({ x: {} }, ['nobody']), 'supersede_pending[0]: "nobody" is no task of this plan'],
  [
    'replaces the outcome',
    patchOf({ x: {} }, ['bad']),
    'supersede_pending[0]: "bad" has ended: its outcome stays as it is',
  ],
  ['replaces a task twice', patchOf({ x: {} }, ['d', 'd']), 'supersede_pending[1]: "d" is named twice'],
  ['leaves somebody behind', patchOf({ x: {} }, ['c']), 'supersede_pending: "d" needs "c": replace it too'],
])('a patch that %s is refused', (_, patch, message) => {
  expect(messagesOf(sourceOf(plan, states), patch)).toContain(message);
});

test('nothing new depends on what failed, was skipped, or may be ended by a join', () => {
  const joined = planOf({
    bad: {},
    f: {},
    s: {},
    b: {},
    j: { deps: ['b', 'f'], join: { min_fraction: 0.5, grace_ms: 0, on_timeout: 'proceed', late: 'drop' } },
  });
  const source = sourceOf(joined, { f: 'failed', s: 'skipped' });
  expect(messagesOf(source, patchOf({ x: { deps: ['f'] }, y: { deps: ['s'] }, z: { deps: ['b'] } }))).toEqual([
    'add_tasks[0].depends_on[0]: "f" was failed: it has nothing to give',
    'add_tasks[1].depends_on[0]: "s" was skipped: it has nothing to give',
    'add_tasks[2].depends_on[0]: "b" may be ended early by the join that it feeds',
  ]);
  expect(patchFaults(source, patchOf({ z: { deps: ['b'] } }, ['j']))).toEqual([]);
});

test('who takes part of its inputs, or has a join that is still filled, may stay behind a replaced task', () => {
  const join = { grace_ms: 0, on_timeout: 'proceed', late: 'keep' } as const;
  const kept = planOf({
    bad: {},
    old: {},
    other: {},
    p: { deps: ['old'], on_dependency_failure: 'partial' },
    j: { deps: ['old', 'other'], join: { ...join, min_fraction: 0.5 } },
  });
  expect(patchFaults(sourceOf(kept), patchOf({ x: {} }, ['old']))).toEqual([]);
  const full = planOf({
    bad: {},
    old: {},
    other: {},
    j: { deps: ['old', 'other'], join: { ...join, min_fraction: 1 } },
  });
  expect(messagesOf(sourceOf(full), patchOf({ x: {} }, ['old']))).toEqual([
    'supersede_pending: "j" needs "old": replace it too',
  ]);
});

test('a map whose list is replaced, and a review of replaced tasks only, are replaced too, partial input or not', () => {
  const partial = { on_dependency_failure: 'partial' } as const;
  const map = { over: { task: 'list', path: '' }, max_items: 5, on_item_failure: 'partial' } as const;
  const kept = planOf({
    bad: {},
    list: {},
    other: {},
    m: { deps: ['list', 'other'], kind: 'map', map, ...partial },
    r: { deps: ['list'], kind: 'review', ...partial },
    s: { deps: ['list', 'other'], kind: 'review', ...partial },
  });
  expect(messagesOf(sourceOf(kept), patchOf({ x: {} }, ['list']))).toEqual([
    'supersede_pending: "m" needs "list": replace it too',
    'supersede_pending: "r" needs "list": replace it too',
  ]);
  expect(patchFaults(sourceOf(kept), patchOf({ x: {} }, ['other']))).toEqual([]);
});

test('a task that would end the run for want of the outcome has to be replaced', () => {
  const strict = planOf({ bad: {}, end: { deps: ['bad'], on_dependency_failure: 'fail' } });
  expect(messagesOf(sourceOf(strict), patchOf({ x: {} }))).toEqual([
    'supersede_pending: "end" would end the run for want of "bad": replace it too',
  ]);
  expect(patchFaults(sourceOf(strict), patchOf({ x: {} }, ['end']))).toEqual([]);
});

test('the bounds count over the run, and the same tasks are not added again, however they are called', () => {
  const old = planOf({ bad: {}, n1: { description: 'Look  it up' }, n2: { deps: ['n1'] } });
  const patches: RecordedPatch[] = [{ task: 'first', revision: 1, from: 1, to: 3, superseded: [] }];
  const source = sourceOf(old, { n1: 'failed' }, { revision: 1, patches });
  const same = { m1: { description: 'look it up' }, m2: { deps: ['m1'], description: 'do n2' } };
  expect(messagesOf(source, patchOf(same))).toEqual([
    'add_tasks: the same tasks were added before, and that did not help',
  ]);
  const more = { ...same, m3: {} };
  expect(patchFaults(source, patchOf(more))).toEqual([]);
  const bounded = (recovery: object) => ({
    ...source,
    options: RunOptions.parse({ recovery: { mode: 'repairable', ...recovery } }),
  });
  expect(messagesOf(bounded({ max_added_tasks: 4 }), patchOf(more))).toEqual([
    'add_tasks: 3 task(s) are added, and 2 may be',
  ]);
  expect(messagesOf(bounded({ max_patches: 1 }), patchOf(more))).toEqual([
    'add_tasks: 3 task(s) are added, and 0 may be',
  ]);
  expect(messagesOf({ ...source, options: RunOptions.parse({}) }, patchOf(more))).toHaveLength(1);
});

test('new tasks get what the run asks for: questions to humans, the cache, reviews of their own', () => {
  const options = RunOptions.parse({ recovery: { mode: 'repairable' }, cache: true, interrupt_before: ['agent'] });
  const source = sourceOf(plan, states, { options });
  const { plan: patched, from } = applyPatch(
    source,
    patchOf({ x: { review: { criteria: 'good', min_score: 0, max_revisions: 1, escalate: 'accept' } } }),
  );
  expect(
    patched.sub_tasks.slice(from).map(({ task_id, kind, cache, approval }) => [task_id, kind, cache, approval?.when]),
  ).toEqual([
    ['x.draft', 'agent', true, 'before'],
    ['x', 'review', true, undefined],
  ]);
});

const MOST = 7;
const random = fc.record({
  old: fc.array(
    fc.record({
      deps: fc.uniqueArray(fc.nat(MOST - 1), { maxLength: 3 }),
      state: fc.constantFrom<PatchState>('pending', 'pending', 'pending', 'running', 'completed', 'failed', 'skipped'),
      policy: fc.constantFrom('skip', 'skip', 'partial', 'fail'),
      optional: fc.boolean(),
    }),
    { minLength: 1, maxLength: MOST },
  ),
  added: fc.array(
    fc.record({ id: fc.integer({ min: MOST - 1, max: 30 }), deps: fc.uniqueArray(fc.nat(MOST + 4), { maxLength: 2 }) }),
    { maxLength: 4 },
  ),
  replaced: fc.array(fc.nat(MOST), { maxLength: 2 }),
  lanes: fc.constantFrom<number | null>(null, 1, 2, 3),
});
type Drawn = typeof random extends fc.Arbitrary<infer T> ? T : never;

/** Old tasks are t0..t6 (t0 is the outcome), new ones t6..t30 and what they depend on t0..t11: some clash, some dangle, some go in circles. */
function drawn({ old, added, replaced, lanes }: Drawn): { readonly source: PatchSource; readonly patch: PlanPatch } {
  const sketches = old.map(({ deps, policy, optional }, at): [string, Sketch] => [
    `t${at}`,
    { deps: deps.filter((dep) => dep < at).map((dep) => `t${dep}`), on_dependency_failure: policy as 'skip', optional },
  ]);
  const states = Object.fromEntries(old.map(({ state }, at) => [`t${at}`, state]));
  const source = sourceOf(planOf(Object.fromEntries(sketches)), states, { lanes, task: 't0' });
  (source.states as Map<string, PatchState>).delete('bad'); // sourceOf's own
  (source.states as Map<string, PatchState>).set('t0', 'failed');
  const patch = PlanPatch.parse({
    reason: 'why',
    add_tasks: added.map(({ id, deps }) => ({
      ...{ task_id: `t${id}`, description: `do ${id}`, required_capability: 'custom' },
      depends_on: deps.map((dep) => `t${dep}`),
    })),
    supersede_pending: replaced.map((at) => `t${at}`),
  });
  return { source, patch };
}

/** The rules once more, one by one and as slow as they like. */
function mayBeApplied(
  { plan: { sub_tasks }, states, task: failed }: PatchSource,
  { add_tasks, supersede_pending: gone }: PlanPatch,
): boolean {
  const ids = [...sub_tasks, ...add_tasks].map(({ task_id }) => task_id);
  const added = new Set(add_tasks.map(({ task_id }) => task_id));
  const reaches = (from: string, to: string, seen: ReadonlySet<string> = new Set()): boolean =>
    (add_tasks.find(({ task_id }) => task_id === from)?.depends_on ?? []).some(
      (dep) => dep === to || (!seen.has(dep) && reaches(dep, to, new Set([...seen, dep]))),
    );
  const givesSomething = (id: string): boolean =>
    added.has(id) ||
    (['pending', 'running', 'completed'].includes(states.get(id) ?? '') && id !== failed && !gone.includes(id));
  const optional = (id: string): boolean => sub_tasks.find(({ task_id }) => task_id === id)?.optional === true;
  const isLeft = ({ task_id, depends_on, on_dependency_failure }: SubTask): boolean =>
    states.get(task_id) !== 'pending' ||
    gone.includes(task_id) ||
    (!(on_dependency_failure === 'fail' && depends_on.includes(failed)) &&
      (on_dependency_failure === 'partial' || depends_on.every((dep) => !gone.includes(dep) || optional(dep))));
  return (
    add_tasks.length > 0 &&
    new Set(ids).size === ids.length &&
    add_tasks.every(({ depends_on }) => depends_on.every(givesSomething)) &&
    !add_tasks.some(({ task_id }) => reaches(task_id, task_id)) &&
    gone.every((id, at) => states.get(id) === 'pending' && id !== failed && gone.indexOf(id) === at) &&
    sub_tasks.every(isLeft)
  );
}

test('patches are taken exactly when the rules allow them, and never leave a plan that cannot be carried out', () => {
  let taken = 0;
  fc.assert(
    fc.property(random, (input) => {
      const { source, patch } = drawn(input);
      const isTaken = patchFaults(source, patch).length === 0;
      expect(isTaken).toBe(mayBeApplied(source, patch));
      if (!isTaken) return;
      taken += 1;
      const { plan: patched, from } = applyPatch(source, patch);
      expect(validatePlan(patched)).toEqual([]);
      expect(patched.sub_tasks.slice(0, from)).toEqual(source.plan.sub_tasks);
      expect(graphOf(patched).order).toHaveLength(patched.sub_tasks.length);
    }),
    { numRuns: 3_000 },
  );
  expect(taken).toBeGreaterThan(100);
});

test('what is still to be done stays within the lanes that it was in', () => {
  fc.assert(
    fc.property(random, fc.integer({ min: 1, max: 3 }), (input, lanes) => {
      const { source, patch } = drawn({ ...input, lanes });
      if (patchFaults(source, patch).length > 0) return;
      const openWidth = (of: Plan, most: number): boolean => {
        const ancestors = ancestorsOf(graphOf(of));
        const isOpen = (id: string): boolean =>
          !patch.supersede_pending.includes(id) &&
          (id === 't0' || ['pending', 'running'].includes(source.states.get(id) ?? 'pending'));
        const open = [...ancestors.keys()].filter(isOpen);
        return isNoWiderThan(
          most,
          new Map(open.map((id) => [id, new Set([...(ancestors.get(id) ?? [])].filter(isOpen))])),
        );
      };
      const before = [1, 2, 3, 4, 5, 6, 7].find((most) => openWidth(source.plan, most)) ?? 7;
      expect(openWidth(applyPatch(source, patch).plan, Math.max(before, lanes))).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
