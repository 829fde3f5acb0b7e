import type { JobRef } from '../contracts/job.ts';
import type { Keys } from '../contracts/keys.ts';
import { rootEvent } from '../contracts/root-event.ts';
import { RunStatus } from '../contracts/run.ts';
import type { Verdict } from '../contracts/verdict.ts';
import { eventArgs } from '../journal/event-codec.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { loadFlowScript } from './flow-script.ts';

const pausing = loadScript(new URL('./pause.lua', import.meta.url));
const steppingOut = loadScript(new URL('./step-out.lua', import.meta.url));
const resuming = loadFlowScript('resume', ['release', 'park']);

/** Lets nothing new of a run begin. The status it stands at, or undefined when there is no such run. */
export async function requestPause({ redis, keys }: Store, run: string): Promise<RunStatus | undefined> {
  const { run: record, events } = keys.run(run);
  const event = rootEvent(0, { name: 'run.paused', data: 'Paused: nothing new begins.', detail: {} });
  const reply = await runScript(redis, pausing, { keys: [record, events], args: [Date.now(), ...eventArgs(event)] });
  return reply === null ? undefined : RunStatus.parse(reply);
}

/** Ends a run's pause. The status it stands at, or undefined when there is no such run. */
export async function requestResume({ redis, keys }: Store, run: string): Promise<RunStatus | undefined> {
  const { run: record, events, parked, joins } = keys.run(run);
  const event = rootEvent(0, { name: 'run.resumed', data: 'Resumed.', detail: {} });
  const args = [Date.now(), ...eventArgs(event)];
  const reply = await runScript(redis, resuming, { keys: [record, events, parked, joins], args });
  return reply === null ? undefined : RunStatus.parse(reply);
}

/** What a job of a paused run does: it waits without a slot until the run is resumed. */
export async function stepOut({ redis, keys }: Store, run: string, job: JobRef): Promise<Verdict> {
  const { run: record, parked } = keys.run(run);
  const { mark, parking } = parkingOf(keys, job, 'pause');
  const marked = await runScript(redis, steppingOut, {
    keys: [record, parked, keys.job(job.queue, job.id)],
    args: [mark, JSON.stringify(parking)],
  });
  return Number(marked) === 1 ? { kind: 'wait' } : { kind: 'again', delayMs: 0 };
}

/** What park.lua must know to let a job go on. The mark has the form of a job's key, as all members of that set have. */
export function parkingOf(keys: Keys, job: JobRef, why: 'pause' | 'ask') {
  const { queue, id } = job;
  return { mark: keys.job(why, id), parking: { why, key: keys.job(queue, id), queue: keys.queue(queue), id } };
}
