import { BatonError } from '../contracts/error.ts';
import { ORCHESTRATOR } from '../contracts/ids.ts';
import { limits } from '../contracts/limits.ts';
import { toPlannedTask } from '../contracts/plan.ts';
import { type Child, Children } from '../contracts/spawn.ts';
import { eventArgs } from './event-codec.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./spawn.lua', import.meta.url));

/** Of one map task's children as JSON: each is a whole task, and they are written and read as one value. */
const CHILDREN_BYTES = 8_000_000;

export type Spawning = {
  readonly run: string;
  readonly task: string;
  readonly epoch: number;
  readonly children: readonly Child[];
};

/**
 * Records a map task's children with task.spawned. The ones that count come back: those recorded first. Undefined when the run has
 * ended or is told to stop. Throws lock_lost when a newer attempt owns the task, map_invalid when the run would have too many tasks
 * or these are too large together.
 */
export async function recordChildren(
  { redis, keys }: Store,
  spawning: Spawning,
): Promise<readonly Child[] | undefined> {
  const { run, tasks, events, spawned } = keys.run(spawning.run);
  const { task, epoch, children } = spawning;
  const encoded = encode(children);
  const reply = await runScript(redis, script, {
    keys: [run, tasks, events, spawned],
    args: [task, epoch, encoded, children.length, limits.runChildren, ...eventArgs(announcement(children))],
  });
  const [code, decided] = reply as [number, string]; // the script returns nothing else
  if (code === -3) return undefined;
  if (code === -1) throw new BatonError('lock_lost');
  if (code === 1) return Children.parse(JSON.parse(decided));
  const message = `Expected at most ${limits.runChildren} items in all map tasks of a run, came ${children.length} more.`;
  throw new BatonError('map_invalid', message);
}

function encode(children: readonly Child[]): string {
  const encoded = JSON.stringify(children);
  const bytes = Buffer.byteLength(encoded);
  if (bytes <= CHILDREN_BYTES) return encoded;
  const expected = `Expected at most ${CHILDREN_BYTES} bytes for the tasks of ${children.length} items, came ${bytes}`;
  const advice =
    'each has the description and input_data of its map task, so put what is large into a dependency of it';
  throw new BatonError('map_invalid', `${expected}: ${advice}, or shorten the list.`);
}

function announcement(children: readonly Child[]) {
  const tasks = children.map(({ task }) => toPlannedTask(task));
  const data = `${tasks.length} item(s)`;
  return { name: 'task.spawned', agent_id: ORCHESTRATOR, data, detail: { tasks } } as const;
}
