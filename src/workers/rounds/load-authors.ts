import { z } from 'zod';
import { ORCHESTRATOR } from '../../contracts/ids.ts';
import type { SubTask } from '../../contracts/plan.ts';
import { loadAgentsOf } from '../../journal/load-results.ts';
import { loadRounds } from '../../journal/load-rounds.ts';
import type { Store } from '../../journal/store.ts';

/** Rounds in which nothing is written: their children only judge. */
const Judging = z.object({ phase: z.enum(['judged', 'judge']) });

export type Works = {
  readonly run: string;
  /** The tasks whose results are meant. */
  readonly tasks: readonly string[];
  readonly planned: ReadonlyMap<string, SubTask>;
};

/**
 * The agents that have written the results of these tasks. A task that works through others has many: those of its children, all voters of
 * a vote among them, and of a review those of what it reviewed.
 */
export async function loadAuthors(store: Store, { run, tasks, planned }: Works): Promise<readonly string[]> {
  const authors = new Set<string>();
  const seen = new Set<string>();
  for (let open = [...tasks]; open.length > 0; ) {
    for (const task of open) seen.add(task);
    const agents = await loadAgentsOf(store, run, open);
    const through = [...agents].flatMap(([task, agent]) => (agent === ORCHESTRATOR ? [task] : []));
    for (const agent of agents.values()) if (agent !== ORCHESTRATOR) authors.add(agent);
    const sources = await Promise.all(through.map((task) => loadSources(store, { run, task, planned })));
    open = [...new Set(sources.flat())].filter((task) => !seen.has(task));
  }
  return [...authors];
}

type Work = Pick<Works, 'run' | 'planned'> & { readonly task: string };

/** The tasks whose results a task's own was made from. */
async function loadSources(store: Store, { run, task, planned }: Work): Promise<readonly string[]> {
  const rounds = await loadRounds(store, run, task);
  const writing = rounds.filter(({ note }) => !Judging.safeParse(note).success);
  const own = planned.get(task);
  const reviewed = own?.kind === 'review' ? own.depends_on : [];
  return [...reviewed, ...writing.flatMap(({ children }) => children.map((child) => child.task.task_id))];
}
