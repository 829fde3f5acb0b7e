import type { EventDraft } from '../contracts/event.ts';
import { eventArgs } from './event-codec.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./fail-attempt.lua', import.meta.url));

export type FailedAttempt = {
  readonly run: string;
  readonly task: string;
  readonly epoch: number;
  readonly agent: string;
  readonly event: EventDraft;
};

/** Counts a failed call that another one will follow. False when this attempt no longer owns the task, or the run has ended. */
export async function failAttempt({ redis, keys }: Store, input: FailedAttempt): Promise<boolean> {
  const { run, tasks, events } = keys.run(input.run);
  const code = await runScript(redis, script, {
    keys: [run, tasks, events],
    args: [input.task, input.epoch, input.agent, ...eventArgs(input.event)],
  });
  return Number(code) === 1;
}
