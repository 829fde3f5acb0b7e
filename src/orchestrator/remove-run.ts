import type { Verdict } from '../contracts/job.ts';
import { isTerminal } from '../contracts/run.ts';
import type { Flow } from '../flow/flow.ts';
import { removeRun } from '../flow/remove.ts';
import { loadRecord } from '../journal/load-run.ts';
import { flowGraphOf } from '../plan/flow-graph.ts';

/** Whatever of the run is still in work is waited for so long. */
const AGAIN_MS = 30_000;

/** Removes a run whose retention is over: its jobs and its journal, as a whole. */
export async function removeEndedRun(flow: Flow, run: string): Promise<Verdict> {
  const record = await loadRecord(flow.store, run);
  if (record === undefined) return { kind: 'done', status: 'removed' };
  if (!isTerminal(record.status)) return { kind: 'again', delayMs: AGAIN_MS };
  const nodes = record.plan === null ? [] : flowGraphOf(run, record.plan).nodes.toReversed();
  const parts = { run, jobs: nodes.map(({ job }) => job), tasks: nodes.map(({ task }) => task.task_id) };
  const removed = await removeRun(flow, parts);
  return removed ? { kind: 'done', status: 'removed' } : { kind: 'again', delayMs: AGAIN_MS };
}
