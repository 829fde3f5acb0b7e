import type { SubTask } from '../contracts/plan.ts';
import { graphOf } from './graph.ts';
import type { PatchSource } from './patch-source.ts';
import { type Ancestors, ancestorsOf, lastOfChains, reachOf } from './reach.ts';

type Dealt = {
  /** The last task of each lane; undefined for an empty one. */
  readonly lanes: (string | undefined)[];
  readonly ancestors: Map<string, ReadonlySet<string>>;
  /** New tasks per lane. */
  readonly load: number[];
};

/**
 * The tasks of a patch with the order that keeps the run within its lanes: decided anew over what is still to be done. Tasks that are
 * there get no new edges, so the new ones go behind them: into empty lanes first, then behind the task that the patch makes up for,
 * which is about to leave its lane. Every edge leads to a new task from one that stands before it, so there can be no cycle.
 */
export function inLanes(
  source: PatchSource,
  added: readonly SubTask[],
  replaced: readonly string[],
): readonly SubTask[] {
  if (source.lanes === null) return added;
  const whole = graphOf({ sub_tasks: [...source.plan.sub_tasks, ...added] });
  const ancestors = new Map(ancestorsOf(whole));
  const open = openTasks(source, replaced);
  const tails = lastOfChains(within(ancestors, open));
  const lanes = [...tails, ...Array<undefined>(Math.max(0, source.lanes - tails.length)).fill(undefined)];
  const dealt = { lanes, ancestors, load: lanes.map(() => 0) };
  const tasks = new Map(added.map((task) => [task.task_id, task]));
  const order = whole.order.filter((id) => tasks.has(id));
  const after = new Map(order.map((id) => [id, deal(dealt, id, source.task)]));
  return added.map((task) => {
    const before = after.get(task.task_id);
    return before === undefined ? task : { ...task, after: [...task.after, before] };
  });
}

/** Tasks that take a lane now or later. */
function openTasks({ plan, states, task }: PatchSource, replaced: readonly string[]): ReadonlySet<string> {
  const ids = plan.sub_tasks.map(({ task_id }) => task_id).filter((id) => !replaced.includes(id));
  return new Set(ids.filter((id) => id === task || ['pending', 'running'].includes(states.get(id) ?? '')));
}

/** Only these tasks: what stands between them orders them all the same. */
function within(ancestors: Ancestors, open: ReadonlySet<string>): Ancestors {
  return new Map([...open].map((id) => [id, new Set([...(ancestors.get(id) ?? [])].filter((each) => open.has(each)))]));
}

/** Puts a task at the end of a lane; gives back the one that it comes after, where it would not anyway. */
function deal({ lanes, ancestors, load }: Dealt, id: string, ending: string): string | undefined {
  const own = ancestors.get(id) ?? new Set<string>();
  const places = lanes.map((_, place) => place);
  const least = places.toSorted((a, b) => (load[a] ?? 0) - (load[b] ?? 0))[0] ?? 0;
  const fits: readonly ((last: string | undefined) => boolean)[] = [
    (last) => last !== undefined && own.has(last),
    (last) => last === undefined,
    (last) => last === ending,
  ];
  const found = fits.map((isFit) => places.find((place) => isFit(lanes[place]))).find((place) => place !== undefined);
  const place = found ?? least;
  const last = lanes[place];
  lanes[place] = id;
  load[place] = (load[place] ?? 0) + 1;
  if (last === undefined || own.has(last)) return undefined;
  ancestors.set(id, new Set([...own, ...reachOf([last], ancestors)]));
  return last;
}
