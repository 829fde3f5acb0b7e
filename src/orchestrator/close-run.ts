import type { Verdict } from '../contracts/job.ts';
import type { Flow } from '../flow/flow.ts';
import { addRunJob } from '../flow/run-jobs.ts';
import { closeCancelled } from '../journal/close.ts';

export type CloseTools = { readonly flow: Flow; readonly retentionMs: number };

/** The close job of a cancelled run: ends it, whatever its tasks do, and arranges its removal. */
export async function closeCancelledRun({ flow, retentionMs }: CloseTools, run: string): Promise<Verdict> {
  await closeCancelled(flow.store, run);
  await addRunJob(flow, 'remove', { run, delayMs: retentionMs });
  return { kind: 'done', status: 'cancelled' };
}
