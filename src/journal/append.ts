import type { EventDraft } from '../contracts/event.ts';
import { limits } from '../contracts/limits.ts';
import { eventArgs } from './event-codec.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./append.lua', import.meta.url));

/** `stale`: a newer attempt owns the task. `closed`: the run has ended. `gap`: events before these never arrived. */
export type AppendOutcome = 'written' | 'stale' | 'closed' | 'gap';

export type AppendInput = {
  readonly run: string;
  readonly task: string;
  readonly epoch: number;
  /** Number of the first event within the attempt, from 1: what makes a resend harmless. */
  readonly first: number;
  readonly events: readonly EventDraft[];
};

/** Appends an attempt's events, fenced by its epoch. */
export async function appendEvents({ redis, keys }: Store, input: AppendInput): Promise<AppendOutcome> {
  const { run, tasks, events } = keys.run(input.run);
  const head = [input.task, input.epoch, input.first, limits.streamEvents, limits.streamBytes];
  const code = await runScript(redis, script, {
    keys: [run, tasks, events],
    args: [...head, ...input.events.flatMap(eventArgs)],
  });
  return outcomes.get(Number(code)) ?? 'gap';
}

const outcomes: ReadonlyMap<number, AppendOutcome> = new Map([
  [1, 'written'],
  [0, 'written'],
  [-1, 'stale'],
  [-3, 'closed'],
  [-4, 'gap'],
]);
