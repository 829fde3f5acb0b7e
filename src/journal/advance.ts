import type { EventDraft } from '../contracts/event.ts';
import { type RunStatus, sourcesOf } from '../contracts/run.ts';
import { eventArgs } from './event-codec.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./advance.lua', import.meta.url));

export type Advance = { readonly run: string; readonly to: RunStatus; readonly event: EventDraft };

/** Sets a run's status along a legal transition only. False when the run has ended, is told to stop or stands elsewhere. */
export async function advanceRun({ redis, keys }: Store, { run, to, event }: Advance): Promise<boolean> {
  const { run: record, events } = keys.run(run);
  const code = await runScript(redis, script, {
    keys: [record, events],
    args: [to, ...eventArgs(event), ...sourcesOf(to)],
  });
  return Number(code) >= 0;
}
