import { type PlanGraph, predecessorsOf } from './graph.ts';
import { reachOf } from './reach.ts';

/** Tasks that run one after the other. */
type Lane = string[];

type Dealing = {
  readonly graph: PlanGraph;
  readonly lanes: readonly Lane[];
  /** Of the tasks dealt so far, with the edges that were added. */
  readonly ancestors: Map<string, ReadonlySet<string>>;
  readonly added: Map<string, string>;
};

/**
 * The edges that keep a plan within `count` lanes: task id -> the one it shall come after, where it would not anyway. Tasks are
 * dealt as if each took one unit of time: of those that could begin, the ones with the longest way behind them go first (Hu's
 * rule). Every edge leads from an earlier deal to a later one, as the plan's own edges do, so there can be no cycle.
 */
export function laneEdgesOf(graph: PlanGraph, count: number): ReadonlyMap<string, string> {
  const lanes = Array.from({ length: count }, (): Lane => []);
  const dealing: Dealing = { graph, lanes, ancestors: new Map(), added: new Map() };
  const heights = heightsOf(graph);
  const open = new Map([...graph.tasks].map(([id, task]) => [id, predecessorsOf(task).length]));
  let ready = graph.order.filter((id) => open.get(id) === 0);
  while (ready.length > 0) {
    const queue = ready.toSorted((a, b) => (heights.get(b) ?? 0) - (heights.get(a) ?? 0));
    const batch = queue.slice(0, count);
    deal(dealing, batch);
    ready = [...queue.slice(count), ...batch.flatMap((id) => released(graph, open, id))];
  }
  return dealing.added;
}

/** Gives each task of a batch a lane of its own: one whose last task it waits for anyway, else an empty one, else any. */
function deal(dealing: Dealing, batch: readonly string[]): void {
  const { graph, lanes, ancestors } = dealing;
  for (const id of batch) {
    const task = graph.tasks.get(id);
    ancestors.set(id, reachOf(task === undefined ? [] : predecessorsOf(task), ancestors));
  }
  const free = new Set(lanes);
  const choices: readonly ((id: string, last: string | undefined) => boolean)[] = [
    (id, last) => last !== undefined && ancestors.get(id)?.has(last) === true,
    (_id, last) => last === undefined,
    () => true,
  ];
  let left = batch;
  for (const fits of choices) {
    left = left.filter((id) => {
      const lane = [...free].find((each) => fits(id, each.at(-1)));
      if (lane === undefined) return true;
      free.delete(lane);
      append(dealing, lane, id);
      return false;
    });
  }
}

function append({ ancestors, added }: Dealing, lane: Lane, id: string): void {
  const last = lane.at(-1);
  lane.push(id);
  const own = ancestors.get(id) ?? new Set();
  if (last === undefined || own.has(last)) return;
  added.set(id, last);
  ancestors.set(id, new Set([...own, ...reachOf([last], ancestors)]));
}

/** The tasks that waited for this one last. Changes `open`. */
function released({ dependents }: PlanGraph, open: Map<string, number>, id: string): readonly string[] {
  return (dependents.get(id) ?? []).filter((next) => {
    const left = (open.get(next) ?? 0) - 1;
    open.set(next, left);
    return left === 0;
  });
}

/** Task id -> how many tasks stand one behind the other after it. */
function heightsOf({ order, dependents }: PlanGraph): ReadonlyMap<string, number> {
  const heights = new Map<string, number>();
  for (const id of order.toReversed()) {
    const behind = (dependents.get(id) ?? []).map((next) => (heights.get(next) ?? 0) + 1);
    heights.set(
      id,
      behind.reduce((most, height) => Math.max(most, height), 0),
    );
  }
  return heights;
}
