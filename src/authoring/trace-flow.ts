// Runs a flow's function once without doing anything, to see whether it is a graph: what it never waits for cannot decide what it does.
import { setImmediate as quiet } from 'node:timers/promises';
import {
  checkNeeds,
  type Gather,
  type GatherHandle,
  gatherOf,
  isGather,
  isHandle,
  type Sketch,
  sketchOf,
  type TaskHandle,
} from './handle.ts';
import { openCounter } from './names.ts';
import { sketchApproval, sketchTask } from './task.ts';
import type { FlowTools } from './tools.ts';

/** A flow that is a graph: its tasks by name, and the one that gives its result. */
export type Traced = {
  readonly tasks: ReadonlyMap<string, TaskHandle<unknown>>;
  readonly answer: TaskHandle<unknown> | undefined;
};

/** A flow's function, whatever its types are. */
export type FlowFunction = (tools: FlowTools & { readonly input: unknown }) => unknown;

type Trace = {
  readonly tasks: Map<string, TaskHandle<unknown>>;
  readonly gathered: Set<GatherHandle<unknown>>;
  readonly needed: Set<unknown>;
  /** What is returned, if anything: the only thing that may be waited for. */
  returned: unknown;
  hasEnded: boolean;
  hasWaited: boolean;
};

/** The graph of a flow; undefined when its function waits for one of its steps. Throws what the function throws. */
export async function traceFlow(flow: FlowFunction, input: unknown): Promise<Traced | undefined> {
  const trace: Trace = {
    ...{ tasks: new Map(), gathered: new Set(), needed: new Set() },
    ...{ returned: undefined, hasEnded: false, hasWaited: false },
  };
  const given = flow({ ...toolsOf(trace), input });
  if (!(given instanceof Promise)) return graphOf(trace, given);
  const ending: { value?: unknown; error?: unknown; failed?: boolean } = {};
  given.then(
    (value) => Object.assign(ending, { value }, note(trace)),
    (error) => Object.assign(ending, { error, failed: true }, note(trace)),
  );
  await quiet();
  if (trace.hasWaited || !trace.hasEnded) return undefined;
  if (ending.failed === true) throw ending.error;
  return graphOf(trace, ending.value === nothing ? trace.returned : ending.value);
}

function note(trace: Trace): object {
  trace.hasEnded = true;
  return {};
}

function graphOf({ tasks, gathered, needed, hasWaited }: Trace, value: unknown): Traced | undefined {
  const answer = isHandle(value) ? value : undefined;
  const isPlain = value === undefined || answer !== undefined;
  const isLoose = [...gathered].some((each) => !needed.has(each));
  if (!isPlain || isLoose || hasWaited || tasks.size === 0 || ![...tasks.values()].every(isOfGraph)) return undefined;
  return { tasks, answer };
}

/** A task has one join for all that it needs; a program can say more. */
function isOfGraph({ [sketchOf]: { needs, fields } }: TaskHandle<unknown>): boolean {
  const partial = needs.filter((need) => isGather(need) && need[gatherOf].kind !== 'all');
  return partial.length === 0 || (needs.length === 1 && !('join' in fields));
}

function toolsOf(trace: Trace): FlowTools {
  const name = openCounter();
  const step = (sketch: Sketch): TaskHandle<unknown> => {
    const handle: TaskHandle<unknown> = awaitable(trace, { [sketchOf]: sketch });
    for (const need of sketch.needs) trace.needed.add(need);
    trace.tasks.set(name(sketch.name), handle);
    return handle;
  };
  const gather = (kind: Gather['kind'], of: Gather['of'], join: Gather['join'] = {}): GatherHandle<unknown> => {
    checkNeeds(of);
    const handle: GatherHandle<unknown> = awaitable(trace, { [gatherOf]: { kind, of, join } });
    trace.gathered.add(handle);
    return handle;
  };
  const tools = {
    task: (who: Parameters<typeof sketchTask>[0], options: object = {}) => step(sketchTask(who, options)),
    approve: (question: string, options = {}) => step(sketchApproval(question, options)),
    all: (of: Gather['of']) => gather('all', of),
    race: (of: Gather['of']) => gather('race', of),
    join: (of: Gather['of'], join?: Gather['join']) => gather('join', of, join),
  };
  return tools as unknown as FlowTools; // the types of results exist for whoever writes the function
}

/**
 * `return step` of an async function waits for the step just as `await step` does. But with the first the function has ended by the very
 * next microtask after the step is given a value (ECMAScript, NewPromiseResolveThenableJob), and with the second it goes on there. Nothing is
 * given a second time, so a loop ends.
 */
function awaitable<Handle extends object>(trace: Trace, handle: Handle): Handle {
  const then = (resolve?: (value: unknown) => unknown): Promise<never> => {
    if (trace.returned === undefined && !trace.hasWaited) {
      trace.returned = handle;
      resolve?.(nothing);
      queueMicrotask(() => {
        trace.hasWaited ||= !trace.hasEnded;
      });
    } else trace.hasWaited = true;
    return new Promise(() => undefined);
  };
  return Object.defineProperty(handle, 'then', { value: then });
}

/** Stands for a result that is not there: a function that looks at it has waited, and is not traced any further. */
const nothing: object = new Proxy(() => undefined, {
  get: (_, name) => {
    if (name === 'then') return undefined;
    if (name === Symbol.iterator) return function* () {};
    return name === Symbol.toPrimitive ? () => '' : nothing;
  },
  apply: () => nothing,
});
