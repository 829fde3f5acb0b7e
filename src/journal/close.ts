import type { EventDraft } from '../contracts/event.ts';
import type { Usage } from '../contracts/result.ts';
import type { RunStatus } from '../contracts/run.ts';
import { eventArgs } from './event-codec.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./close.lua', import.meta.url));

export type Ending = {
  readonly run: string;
  /** Who ends the run: a repeat by the same closer is no second end. */
  readonly closer: string;
  /** The root's epoch that must still hold; undefined for an end that belongs to no attempt (a stop, a failed plan). */
  readonly epoch: number | undefined;
  readonly status: Extract<RunStatus, 'completed' | 'failed' | 'cancelled'>;
  readonly response?: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly warnings?: readonly string[];
  readonly partial?: boolean;
  readonly usage?: Usage | null;
  /** True for the end of a run that was told to stop. */
  readonly stopped?: boolean;
  /** What is said at the end, the terminal event last. */
  readonly events: readonly EventDraft[];
};

/**
 * Writes a run's end. `stale`: a newer attempt of the root owns it. `stopped`: it was told to stop, so it must end as its stop says.
 * `ended`: the run has ended, by this call or before.
 */
export async function closeRun({ redis, keys }: Store, ending: Ending): Promise<'ended' | 'stale' | 'stopped'> {
  const { run, tasks, events, asks } = keys.run(ending.run);
  const fields = Object.entries({
    response: ending.response,
    error: ending.error && JSON.stringify(ending.error),
    warnings: ending.warnings && JSON.stringify(ending.warnings),
    partial: ending.partial ? '1' : undefined,
    answer_usage: ending.usage ? JSON.stringify(ending.usage) : undefined,
  }).filter((field): field is [string, string] => field[1] !== undefined);
  const code = await runScript(redis, script, {
    keys: [run, tasks, events, keys.openRuns, keys.endedRuns, asks, keys.interrupts],
    args: [
      ending.closer,
      ending.epoch ?? '',
      ending.status,
      ending.run,
      ending.stopped === true ? 1 : 0,
      fields.length,
      ...fields.flat(),
      ...ending.events.flatMap(eventArgs),
    ],
  });
  return Number(code) === -1 ? 'stale' : Number(code) === -5 ? 'stopped' : 'ended';
}
