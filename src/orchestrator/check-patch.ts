import { faultyError } from '../contracts/error.ts';
import type { PlanPatch } from '../contracts/plan-patch.ts';
import type { Ask } from '../journal/load-asks.ts';
import { noTexts } from '../journal/load-results.ts';
import { loadRun } from '../journal/load-run.ts';
import { loadPatches } from '../journal/patch.ts';
import { loadHeldOutcome } from '../journal/patch-outcome.ts';
import type { Store } from '../journal/store.ts';
import { patchFaults } from '../plan/patch.ts';
import { patchSourceOf } from '../plan/patch-source.ts';
import { loadTemplateFaults } from './check-templates.ts';

/**
 * Checks a human's patch against the run as it stands; it is checked again when it is applied. Throws invalid_plan with every fault under
 * `content`.
 */
export async function checkPatchEdit(
  store: Store,
  { run_id: run, task_id: task }: Ask,
  patch: PlanPatch,
): Promise<void> {
  const state = await loadRun(store, run, noTexts);
  const held = await loadHeldOutcome(store, run, task);
  if (state === undefined || held === undefined) return; // the run has gone: deciding finds that out
  const source = patchSourceOf({ ...state, ...(await loadPatches(store, run)) }, task, held.result.status);
  if (source === undefined) return;
  const asPlan = { ...source.plan, sub_tasks: [...patch.add_tasks] };
  const lacking = (await loadTemplateFaults(store, asPlan)).map(({ path, message }) => ({
    path: path.replace(/^sub_tasks/, 'add_tasks'),
    message,
  }));
  const faults = [...patchFaults(source, patch), ...lacking];
  if (faults.length === 0) return;
  throw faultyError(
    'invalid_plan',
    faults.map((fault) => ({ ...fault, path: `content.${fault.path}` })),
  );
}
