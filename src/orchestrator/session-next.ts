import { SessionPlace } from '../contracts/session.ts';
import type { Flow } from '../flow/flow.ts';
import { addRunJob } from '../flow/run-jobs.ts';
import { loadRecord } from '../journal/load-run.ts';
import { giveTurn } from '../journal/session.ts';
import { jobPriority } from '../plan/priority.ts';

/** Lets the first open run of a session begin if it waits for its turn; repeating it is harmless. */
export async function startNext(flow: Flow, session: string): Promise<void> {
  const run = await giveTurn(flow.store, session);
  const record = run === undefined ? undefined : await loadRecord(flow.store, run);
  if (run === undefined || record === undefined) return;
  await addRunJob(flow, 'plan', { run, priority: jobPriority(record.options.priority, 0) });
}

/** The same after a run has ended: most have no session, and cost one look. */
export async function startNextAfter(flow: Flow, run: string): Promise<void> {
  const { redis, keys } = flow.store;
  const place = await redis.hget(keys.run(run).run, 'session');
  if (place !== null) await startNext(flow, SessionPlace.parse(JSON.parse(place)).id);
}
