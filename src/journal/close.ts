import type { EventDraft } from '../contracts/event.ts';
import type { Usage } from '../contracts/result.ts';
import { rootEvent } from '../contracts/root-event.ts';
import type { RunStatus } from '../contracts/run.ts';
import { eventArgs } from './event-codec.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./close.lua', import.meta.url));

export type Ending = {
  readonly run: string;
  /** Who ends the run: a repeat by the same closer is no second end. */
  readonly closer: string;
  /** The root's epoch that must still hold; undefined for an end that belongs to no attempt (a cancel, a failed plan). */
  readonly epoch: number | undefined;
  readonly status: Extract<RunStatus, 'completed' | 'failed' | 'cancelled'>;
  readonly response?: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly warnings?: readonly string[];
  readonly partial?: boolean;
  readonly usage?: Usage | null;
  /** What is said at the end, the terminal event last. */
  readonly events: readonly EventDraft[];
};

/**
 * Writes a run's end. `stale`: a newer attempt of the root owns it. `cancelled`: a cancel was asked for, so closeCancelled must end
 * it. `ended`: the run has ended, by this call or before.
 */
export async function closeRun({ redis, keys }: Store, ending: Ending): Promise<'ended' | 'stale' | 'cancelled'> {
  const { run, tasks, events } = keys.run(ending.run);
  const fields = Object.entries({
    response: ending.response,
    error: ending.error && JSON.stringify(ending.error),
    warnings: ending.warnings && JSON.stringify(ending.warnings),
    partial: ending.partial ? '1' : undefined,
    answer_usage: ending.usage ? JSON.stringify(ending.usage) : undefined,
  }).filter((field): field is [string, string] => field[1] !== undefined);
  const code = await runScript(redis, script, {
    keys: [run, tasks, events],
    args: [
      ending.closer,
      ending.epoch ?? '',
      ending.status,
      fields.length,
      ...fields.flat(),
      ...ending.events.flatMap(eventArgs),
    ],
  });
  return Number(code) === -1 ? 'stale' : Number(code) === -5 ? 'cancelled' : 'ended';
}

/** Ends a cancelled run, whatever its tasks still do: they settle without a word. Repeating it is harmless. */
export async function closeCancelled(store: Store, run: string): Promise<void> {
  const reason = 'The run was cancelled.';
  await closeRun(store, {
    run,
    closer: 'cancel',
    epoch: undefined,
    status: 'cancelled',
    error: { code: 'cancelled', message: reason },
    events: [rootEvent(0, { name: 'run.cancelled', data: reason, detail: { reason } })],
  });
}
