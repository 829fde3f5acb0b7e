import { BatonError } from '../contracts/error.ts';
import type { SubTask } from '../contracts/plan.ts';

/** How a task ended, as its handle reads it. */
export type Outcome = { readonly text: string; readonly decision: 'approved' | 'edited' | 'rejected' | undefined };

/** What a task is, before it has an id. */
export type Sketch = {
  /** What it is called in a flow that does not name it. */
  readonly name: string;
  /** Without what names other tasks. */
  readonly fields: Omit<SubTaskInput, 'task_id' | 'depends_on' | 'after'>;
  readonly needs: readonly Need[];
  readonly after: readonly TaskHandle<unknown>[];
  /** The task whose result is the list that it maps over. */
  readonly over: TaskHandle<unknown> | undefined;
  /** The reviewed tasks that may be revised. */
  readonly revise: readonly TaskHandle<unknown>[] | undefined;
  /** The result that a text stands for. Throws agent_protocol. */
  readonly read: (outcome: Outcome) => unknown;
};
type SubTaskInput = { [Field in keyof SubTask]?: unknown } & Pick<SubTask, 'description' | 'required_capability'>;

export const sketchOf: unique symbol = Symbol('baton.sketch');
export const gatherOf: unique symbol = Symbol('baton.gather');
declare const result: unique symbol;

/** A task of a plan or a step of a flow, to be named where others need it; its result is of this type. */
export type TaskHandle<Result> = { readonly [sketchOf]: Sketch; readonly [result]?: Result };

/** When several tasks are enough: all of them, the first one, or a share. */
export type Gather = {
  readonly kind: 'all' | 'race' | 'join';
  readonly of: readonly TaskHandle<unknown>[];
  /** Of a join: contracts/plan.ts has its fields. */
  readonly join: JoinOptions;
};
export type JoinOptions = Readonly<{
  min_fraction?: number;
  /** In a graph only, as are the next two: a program's clock is its agent's. */
  grace_ms?: number;
  timeout_ms?: number;
  on_timeout?: 'proceed' | 'redispatch' | 'fail';
  late?: 'drop' | 'keep';
}>;

/** Several tasks as one. */
export type GatherHandle<Result> = { readonly [gatherOf]: Gather; readonly [result]?: Result };

/** What a task may need. */
export type Need = TaskHandle<unknown> | GatherHandle<unknown>;

/** The result of what a handle stands for. */
export type ResultOf<Handle> = Handle extends { readonly [result]?: infer Result } ? Exclude<Result, undefined> : never;

export function isHandle(value: unknown): value is TaskHandle<unknown> {
  return typeof value === 'object' && value !== null && sketchOf in value;
}

export function isGather(value: unknown): value is GatherHandle<unknown> {
  return typeof value === 'object' && value !== null && gatherOf in value;
}

/** A result is easily taken for its handle, in JavaScript and behind a cast. Throws invalid_plan for what is none. */
export function checkNeeds(needs: readonly unknown[]): void {
  const at = needs.findIndex((need) => !isHandle(need) && !isGather(need));
  if (at === -1) return;
  const expected = 'Expected what task(), approve(), all(), race() or join() gave, before it is awaited';
  throw new BatonError('invalid_plan', `${expected}; came ${String(needs[at]).slice(0, 100)}.`);
}

/** What can be left out altogether: an input all of whose fields may be. */
export type Nothing = Record<never, never>;
