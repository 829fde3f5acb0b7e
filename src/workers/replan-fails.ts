import type { TaskJob } from '../contracts/job.ts';
import { loadRecord } from '../journal/load-run.ts';
import { loadPatches, replacedBy } from '../journal/patch.ts';
import type { Store } from '../journal/store.ts';
import { failsRunNow } from '../plan/patch-graph.ts';

/** Whether a dependent wants the run to fail without this task, as the plan stands now: a patch may have replaced or added some. */
export async function wouldFailRun(
  store: Store,
  { run_id: run, task, fails_run, repairable }: TaskJob,
): Promise<boolean> {
  if (repairable !== true) return fails_run === true;
  const record = await loadRecord(store, run);
  if (record === undefined || record.plan === null) return false;
  const { patches } = await loadPatches(store, run);
  return failsRunNow({ run, plan: record.plan, replaced: replacedBy(patches) }, task.task_id);
}
