import { BatonError } from '../contracts/error.ts';
import type { EventDraft } from '../contracts/event.ts';
import { ORCHESTRATOR } from '../contracts/ids.ts';
import { limits } from '../contracts/limits.ts';
import { toPlannedTask } from '../contracts/plan.ts';
import { type Child, Round } from '../contracts/round.ts';
import { eventArgs } from './event-codec.ts';
import { roundField } from './load-rounds.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./record-round.lua', import.meta.url));

/** Of one round as JSON: each child is a whole task, and they are written and read as one value. */
const ROUND_BYTES = 8_000_000;

/** What is said when the round counts. */
export type Said = Pick<EventDraft, 'name' | 'data' | 'detail'>;

export type RoundRecord = {
  readonly run: string;
  readonly task: string;
  readonly epoch: number;
  /** Its place, from 0. */
  readonly place: number;
  readonly round: Round;
  readonly says?: readonly Said[];
  /** Hears that this very round counts, and not one recorded before it; at most once, however often it is sent. */
  readonly onCounted?: (() => void) | undefined;
};

/**
 * Records a round of a task, with task.spawned when it has children. The one that counts comes back: that recorded first. Undefined
 * when the run has ended or is told to stop. Throws lock_lost when a newer attempt owns the task, map_invalid when the run would have
 * too many tasks or these are too large together.
 */
export async function recordRound({ redis, keys }: Store, record: RoundRecord): Promise<Round | undefined> {
  const { run, tasks, events, spawned } = keys.run(record.run);
  const { task, epoch, place, round, says = [], onCounted } = record;
  const said = [...says, ...announcements(round.children)].flatMap(
    (event) => eventArgs({ ...event, agent_id: ORCHESTRATOR } as EventDraft), // name and detail belong together in Said already
  );
  const reply = await runScript(redis, script, {
    keys: [run, tasks, events, spawned],
    args: [task, epoch, roundField(task, place), encode(round), round.children.length, limits.runChildren, ...said],
  });
  const [code, decided] = reply as [number, string]; // the script returns nothing else
  if (code === -3) return undefined;
  if (code === -1) throw new BatonError('lock_lost');
  if (code === 1) onCounted?.();
  if (code > 0) return Round.parse(JSON.parse(decided));
  const message = `Expected at most ${limits.runChildren} items and other added tasks in a run, came ${round.children.length} more.`;
  throw new BatonError('map_invalid', message);
}

function encode(round: Round): string {
  const encoded = JSON.stringify(round);
  const bytes = Buffer.byteLength(encoded);
  if (bytes <= ROUND_BYTES) return encoded;
  const expected = `Expected at most ${ROUND_BYTES} bytes for the tasks of ${round.children.length} items, came ${bytes}`;
  const advice =
    'each has the description and input_data of its map task, so put what is large into a dependency of it';
  throw new BatonError('map_invalid', `${expected}: ${advice}, or shorten the list.`);
}

function announcements(children: readonly Child[]): readonly Said[] {
  if (children.length === 0) return [];
  const tasks = children.map(({ task }) => toPlannedTask(task));
  return [{ name: 'task.spawned', data: `${tasks.length} item(s)`, detail: { tasks } }];
}
