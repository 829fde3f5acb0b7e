import { BatonError } from '../contracts/error.ts';
import { ORCHESTRATOR } from '../contracts/ids.ts';
import { limits } from '../contracts/limits.ts';
import { toPlannedTask } from '../contracts/plan.ts';
import { type Child, Children } from '../contracts/spawn.ts';
import { eventArgs } from './event-codec.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./spawn.lua', import.meta.url));

export type Spawning = {
  readonly run: string;
  readonly task: string;
  readonly epoch: number;
  readonly children: readonly Child[];
};

/**
 * Records a map task's children with task.spawned. The ones that count come back: those recorded first. Undefined when the run has
 * ended or is told to stop. Throws lock_lost when a newer attempt owns the task, map_invalid when the run would have too many tasks.
 */
export async function recordChildren(
  { redis, keys }: Store,
  spawning: Spawning,
): Promise<readonly Child[] | undefined> {
  const { run, tasks, events, spawned } = keys.run(spawning.run);
  const { task, epoch, children } = spawning;
  const reply = await runScript(redis, script, {
    keys: [run, tasks, events, spawned],
    args: [
      task,
      epoch,
      JSON.stringify(children),
      children.length,
      limits.runTasks,
      ...eventArgs(announcement(children)),
    ],
  });
  const [code, decided] = reply as [number, string]; // the script returns nothing else
  if (code === -3) return undefined;
  if (code === -1) throw new BatonError('lock_lost');
  if (code === 1) return Children.parse(JSON.parse(decided));
  const message = `Expected at most ${limits.runTasks} items in all map tasks of a run, came ${children.length} more.`;
  throw new BatonError('map_invalid', message);
}

function announcement(children: readonly Child[]) {
  const tasks = children.map(({ task }) => toPlannedTask(task));
  const data = `${tasks.length} item(s)`;
  return { name: 'task.spawned', agent_id: ORCHESTRATOR, data, detail: { tasks } } as const;
}
