// Random plans whose tasks fail, and a planner that answers with random patches, valid and not: what the real engine does is judged by
// the rules alone, from the run's events.
import fc from 'fast-check';
import { expect } from 'vitest';
import { isTerminalEvent, type StreamEvent } from '../../src/contracts/event.ts';
import type { Plan, SubTask } from '../../src/contracts/plan.ts';
import type { TaskResult } from '../../src/contracts/result.ts';
import { seen } from '../support/agents/scripted.ts';
import type { Engine, Ran } from '../support/engine.ts';
import { type Asked, patchText } from '../support/planner.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { plans } from './random-plans.ts';

const AT_ONCE = 5;
const settling: ReadonlySet<string> = new Set(['task.completed', 'task.failed', 'task.skipped']);

/** A patch that nobody has thought about: some are valid, some are not, the second turn is as random as the first. */
export function randomPatch(random: () => number): (asked: Asked) => string {
  const pick = <T>(from: readonly T[], most: number): T[] =>
    Array.from(
      { length: Math.floor(random() * (most + 1)) },
      () => from[Math.floor(random() * from.length)] as T,
    ).slice(0, from.length);
  return ({ tasks, outcome }) => {
    if (random() < 0.1) return patchText([]);
    const isGood = random() < 0.7;
    const ids = tasks.map(({ task_id }) => task_id);
    const useful = tasks.filter(({ state }) => isGood === false || ['pending', 'running', 'completed'].includes(state));
    const behind = isGood ? closureOf(tasks, pick(pendingBehind(tasks, outcome.task_id), 1)) : pick(ids, 3);
    const from = useful.map(({ task_id }) => task_id).filter((id) => !isGood || !behind.includes(id));
    const add = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, at) => ({
      id: `n${at}`,
      after: [...new Set([...pick(from, 2), ...(random() < 0.5 && at > 0 ? [`n${at - 1}`] : [])])],
      capability: random() < 0.5 ? 'custom' : 'search',
      input: { why: `${outcome.task_id} ${random()}` },
    }));
    return patchText(add, [...new Set(behind)]);
  };
}

function pendingBehind(tasks: Asked['tasks'], id: string): string[] {
  return tasks
    .filter(({ state, depends_on }) => state === 'pending' && depends_on.includes(id))
    .map(({ task_id }) => task_id);
}

/** With all that needs them. */
function closureOf(tasks: Asked['tasks'], ids: readonly string[]): string[] {
  const all = new Set(ids);
  for (let size = -1; size !== all.size; ) {
    size = all.size;
    for (const { task_id, depends_on } of tasks) if (depends_on.some((id) => all.has(id))) all.add(task_id);
  }
  return [...all];
}

/** Runs `cases` plans, some at once. `answer` is told what the planner shall say from here on. Gives back how many patches counted. */
export async function checkRandomPatches(
  engine: Engine,
  { cases, seed }: { readonly cases: number; readonly seed: number },
  answer: (say: (asked: Asked) => string) => void,
): Promise<number> {
  let patches = 0;
  answer(randomPatch(seededRandom(seed)));
  await fc.assert(
    fc.asyncProperty(fc.array(plans, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (batch) => {
      const ran = await Promise.all(batch.map((plan) => engine.runToEnd(plan, { recovery: { mode: 'repairable' } })));
      for (const each of ran) {
        expect(violationsOf(each)).toEqual([]);
        patches += each.record.revision;
      }
    }),
    { numRuns: Math.ceil(cases / AT_ONCE), seed, endOnFailure: true },
  );
  return patches;
}

/** Everything in a run that the rules of patches do not allow, in words. */
export function violationsOf({ run, events, record, results }: Ran): readonly string[] {
  const plan = record.plan as Plan; // it has been carried out
  const wrong = [...endsOnce(events), ...settlesOnce(events), ...calledOnce(run), ...inOrder(plan, events)];
  wrong.push(...decidedFirst(events, results));
  if (record.status !== 'completed') return wrong;
  return [...wrong, ...asDue(plan, results), ...partialAsDue(plan, record.partial === '1', results)];
}

function endsOnce(events: readonly StreamEvent[]): readonly string[] {
  const ends = events.filter(({ name }) => isTerminalEvent(name));
  return ends.length === 1 && ends[0] === events.at(-1) ? [] : [`${ends.length} ends`];
}

function settlesOnce(events: readonly StreamEvent[]): readonly string[] {
  const ids = events.filter(({ name }) => settling.has(name)).map(({ task_id }) => task_id);
  return ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `${id} settled twice`);
}

function calledOnce(run: string): readonly string[] {
  const keys = seen.calls.filter(({ key }) => key.startsWith(run)).map(({ key }) => key);
  return keys.filter((key, at) => keys.indexOf(key) !== at).map((key) => `${key} was called twice`);
}

/** Every task begins when all that it waits for has settled, and a replaced one never. A join says itself when it goes on. */
function inOrder({ sub_tasks }: Plan, events: readonly StreamEvent[]): readonly string[] {
  const tasks = new Map(sub_tasks.map((task) => [task.task_id, task]));
  const settled = new Set<string>();
  const replaced = new Set<string>();
  return events.flatMap((event) => {
    if (settling.has(event.name)) settled.add(event.task_id);
    if (event.name === 'plan.patched') for (const id of event.detail.superseded) replaced.add(id);
    if (event.name !== 'task.started') return [];
    const task = tasks.get(event.task_id);
    const waits = task === undefined ? [] : [...task.after, ...(task.join === undefined ? task.depends_on : [])];
    const early = waits.filter((id) => !settled.has(id)).map((id) => `${event.task_id} began before ${id} had settled`);
    return replaced.has(event.task_id) ? [...early, `${event.task_id} began although it was replaced`] : early;
  });
}

/** A patch is there before its task's outcome is, and both know of each other. */
function decidedFirst(events: readonly StreamEvent[], results: ReadonlyMap<string, TaskResult>): readonly string[] {
  const patched = events.flatMap((event, at) => (event.name === 'plan.patched' ? [{ ...event.detail, at }] : []));
  const wrong = patched.flatMap(({ revision, task_id, superseded, at }, index) => [
    ...(revision === index + 1 ? [] : [`revision ${revision} came as number ${index + 1}`]),
    ...(events.slice(0, at).some((event) => settling.has(event.name) && event.task_id === task_id)
      ? [`${task_id} had settled before its patch`]
      : []),
    ...superseded.flatMap((id) =>
      results.get(id)?.superseded_by === revision ? [] : [`${id} does not say that it was replaced`],
    ),
  ]);
  const claimed = [...results.values()].filter(({ recovered_by }) => recovered_by !== undefined);
  const made = new Map(patched.map(({ task_id, revision }) => [task_id, revision]));
  return [
    ...wrong,
    ...(patched.length > 2 ? [`${patched.length} patches`] : []),
    ...claimed.flatMap(({ task_id, recovered_by }) =>
      made.get(task_id) === recovered_by ? [] : [`${task_id} says that it was made up for by ${recovered_by}`],
    ),
  ];
}

/** What each task of the plan has come to, from what its dependencies have. What a join decides or drops is for other tests. */
function asDue({ sub_tasks }: Plan, results: ReadonlyMap<string, TaskResult>): readonly string[] {
  const tasks = new Map(sub_tasks.map((task) => [task.task_id, task]));
  return sub_tasks.flatMap((task) => {
    const result = results.get(task.task_id);
    if (result === undefined) return [`${task.task_id} has no result`];
    if (task.join !== undefined || task.kind !== 'agent' || result.error?.code === 'late') return [];
    const due = dueOf(task, tasks, results);
    return result.status === due ? [] : [`${task.task_id} is ${result.status} and should be ${due}`];
  });
}

function dueOf(task: SubTask, tasks: ReadonlyMap<string, SubTask>, results: ReadonlyMap<string, TaskResult>) {
  if (results.get(task.task_id)?.superseded_by !== undefined) return 'skipped';
  const needed =
    task.on_dependency_failure === 'partial' ? [] : task.depends_on.filter((id) => !tasks.get(id)?.optional);
  if (needed.some((id) => results.get(id)?.status !== 'completed'))
    return task.on_dependency_failure === 'fail' ? 'failed' : 'skipped';
  return task.input_data.fail === true ? 'failed' : 'completed';
}

/** By the tasks that are neither replaced nor made up for. */
function partialAsDue(
  { sub_tasks }: Plan,
  partial: boolean,
  results: ReadonlyMap<string, TaskResult>,
): readonly string[] {
  const active = sub_tasks.filter(({ task_id }) => {
    const result = results.get(task_id);
    return result?.recovered_by === undefined && result?.superseded_by === undefined;
  });
  const holed = (task: SubTask): boolean =>
    task.kind === 'map' &&
    [...results.values()].some(
      ({ task_id, status }) =>
        task_id.startsWith(`${task.task_id}.`) && status !== 'completed' && /\.\d+$/.test(task_id),
    );
  const due = active.some(
    (task) => !task.optional && (results.get(task.task_id)?.status !== 'completed' || holed(task)),
  );
  return due === partial ? [] : [`partial is ${partial} and should be ${due}`];
}
