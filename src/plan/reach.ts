import { type PlanGraph, predecessorsOf } from './graph.ts';

/** Task id -> ids of all tasks that settle before it may begin. For the most tasks a plan may have, 500 sets of up to 500 ids. */
export type Ancestors = ReadonlyMap<string, ReadonlySet<string>>;

/** Follows every edge of a graph backwards. */
export function ancestorsOf({ tasks, order }: PlanGraph): Ancestors {
  const ancestors = new Map<string, ReadonlySet<string>>();
  for (const id of order) {
    const task = tasks.get(id);
    ancestors.set(id, reachOf(task === undefined ? [] : predecessorsOf(task), ancestors));
  }
  return ancestors;
}

/** These tasks, and all that settle before them. */
export function reachOf(ids: readonly string[], ancestors: Ancestors): ReadonlySet<string> {
  const reached = new Set(ids);
  for (const id of ids) {
    for (const far of ancestors.get(id) ?? []) reached.add(far);
  }
  return reached;
}

/**
 * Whether at most `most` tasks can ever run at once, as the edges stand. By Dilworth's theorem that is so exactly when that many
 * chains hold all tasks, and the fewest chains follow from matching tasks with tasks that settle before them (Kuhn's algorithm).
 */
export function isNoWiderThan(most: number, ancestors: Ancestors): boolean {
  const nextOf = new Map<string, string>();
  let chains = 0;
  for (const id of ancestors.keys()) {
    if (!link(id, { ancestors, nextOf, seen: new Set() })) chains += 1;
    if (chains > most) return false; // a task that begins a chain now does so in the end
  }
  return true;
}

/** The last task of each chain, when all tasks are put into as few chains as there can be. */
export function lastOfChains(ancestors: Ancestors): readonly string[] {
  const nextOf = new Map<string, string>();
  for (const id of ancestors.keys()) link(id, { ancestors, nextOf, seen: new Set() });
  return [...ancestors.keys()].filter((id) => !nextOf.has(id));
}

type Chains = {
  readonly ancestors: Ancestors;
  /** Task id -> the one behind it in its chain. */
  readonly nextOf: Map<string, string>;
  readonly seen: Set<string>;
};

/** Puts a task behind one that settles before it, finding another place for the one that stood there. */
function link(id: string, chains: Chains): boolean {
  const { ancestors, nextOf, seen } = chains;
  for (const before of ancestors.get(id) ?? []) {
    if (seen.has(before)) continue;
    seen.add(before);
    const holder = nextOf.get(before);
    if (holder === undefined || link(holder, chains)) {
      nextOf.set(before, id);
      return true;
    }
  }
  return false;
}
