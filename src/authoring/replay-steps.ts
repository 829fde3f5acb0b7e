import { createHash } from 'node:crypto';
import { BatonError } from '../contracts/error.ts';
import {
  type Gather,
  type GatherHandle,
  gatherOf,
  isGather,
  type Need,
  type Sketch,
  sketchOf,
  type TaskHandle,
} from './handle.ts';
import { openCounter } from './names.ts';
import { openPending, type Pending } from './pending.ts';
import { gatherSteps } from './replay-gather.ts';
import type { Step } from './step.ts';

/** What the function waits for. */
export type Wait = { readonly of: readonly Step[]; readonly needsAll: boolean };

/** The steps that a function asks for, in the order in which it does. */
export type Steps = {
  readonly all: ReadonlyMap<string, Step>;
  readonly waits: readonly Wait[];
  add(sketch: Sketch): TaskHandle<unknown>;
  gather(gather: Gather): GatherHandle<unknown>;
  find(handle: TaskHandle<unknown>): Step;
  /** What a step needs, one by one. */
  needsOf(step: Step): readonly Step[];
  /** Whether it waits for nothing more. */
  isReady(step: Step): boolean;
};

export function openSteps(): Steps {
  const all = new Map<string, Step>();
  const waits: Wait[] = [];
  const stepOf = new WeakMap<object, Step>();
  const gathered = new WeakMap<object, Pending>();
  const nextKey = openCounter();

  const find = (handle: TaskHandle<unknown>): Step => {
    const step = stepOf.get(handle);
    if (step !== undefined) return step;
    throw new BatonError('invalid_plan', `"${handle[sketchOf].name}" is no step of this flow.`);
  };
  const membersOf = (need: Need): readonly Step[] => (isGather(need) ? need[gatherOf].of.map(find) : [find(need)]);
  const pendingOf = (need: Need): Pending | undefined => (isGather(need) ? gathered.get(need) : find(need).pending);
  const awaitable = <Handle extends object>(handle: Handle, { promise }: Pending, wait: Wait): Handle => {
    const then: Promise<unknown>['then'] = (...callbacks) => {
      waits.push(wait);
      return promise.then(...callbacks);
    };
    return Object.defineProperty(handle, 'then', { value: then });
  };

  const add = (sketch: Sketch): TaskHandle<unknown> => {
    const digest = digestOf(sketch, membersOf, find);
    const step = {
      key: nextKey(sketch.name),
      sketch,
      digest,
      pending: openPending(),
      isKnown: false,
      isCancelled: false,
    };
    all.set(step.key, step);
    const handle: TaskHandle<unknown> = { [sketchOf]: sketch };
    stepOf.set(handle, step);
    if (sketch.fields.on_dependency_failure !== 'partial')
      for (const need of sketch.needs) failWith(step, need, pendingOf(need));
    return awaitable(handle, step.pending, { of: [step], needsAll: true });
  };

  return {
    ...{ all, waits, add, find },
    gather: (gather) => {
      const of = gather.of.map(find);
      const pending = gatherSteps(gather, of);
      const handle: GatherHandle<unknown> = { [gatherOf]: gather };
      gathered.set(handle, pending);
      return awaitable(handle, pending, { of, needsAll: gather.kind === 'all' });
    },
    needsOf: ({ sketch }) => sketch.needs.flatMap(membersOf),
    isReady: ({ sketch }) =>
      [...sketch.needs.map(pendingOf), ...sketch.after.map((handle) => find(handle).pending)].every(
        (pending) => pending?.settled() !== undefined,
      ),
  };
}

/** A step whose needs did not complete fails with them, unless it takes what there is. */
function failWith({ key, pending }: Step, need: Need, needed: Pending | undefined): void {
  if (!isGather(need) && need[sketchOf].fields.optional === true) return;
  needed?.listen(() => {
    const settled = needed.settled();
    if (settled === undefined || 'value' in settled) return;
    const { error: cause } = settled;
    const why = cause instanceof Error ? cause.message : String(cause);
    pending.settle({ error: new BatonError('dependency_failed', `Step "${key}" was skipped: ${why}`, { cause }) });
  });
}

function digestOf(
  { fields, needs, after, over, revise = [] }: Sketch,
  membersOf: (need: Need) => readonly Step[],
  find: (handle: TaskHandle<unknown>) => Step,
): string {
  const keys = (list: readonly TaskHandle<unknown>[]): readonly string[] => list.map((handle) => find(handle).key);
  const needed = needs.map((need) => membersOf(need).map(({ key }) => key));
  const whole = [fields, needed, keys(after), keys(revise), over === undefined ? null : find(over).key];
  return createHash('sha256').update(JSON.stringify(whole)).digest('hex').slice(0, 32);
}
