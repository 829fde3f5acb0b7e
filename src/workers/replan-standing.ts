import { BatonError } from '../contracts/error.ts';
import type { HeldOutcome, PatchDecision } from '../contracts/plan-patch.ts';
import type { Usage } from '../contracts/result.ts';
import { noTexts } from '../journal/load-results.ts';
import { loadRun, type RunRecord } from '../journal/load-run.ts';
import { loadPatches } from '../journal/patch.ts';
import { declinePatch } from '../journal/patch-decline.ts';
import { type PatchSource, patchSourceOf } from '../plan/patch-source.ts';
import type { Work } from './attempt.ts';

/** An outcome that is kept back, and the epoch that decides on it. */
export type Repair = { readonly work: Work; readonly epoch: number; readonly held: HeldOutcome };

/** A run as it stands for a patch. */
export type Standing = { readonly record: RunRecord; readonly source: PatchSource };

/** Reads how the run of a repair stands. Throws run_not_found when it is gone. */
export async function loadStanding({ work, held }: Repair): Promise<Standing> {
  const { store } = work.tools.flow;
  const { run_id: run, task } = work.data;
  const state = await loadRun(store, run, noTexts);
  if (state === undefined) throw new BatonError('run_not_found');
  const source = patchSourceOf({ ...state, ...(await loadPatches(store, run)) }, task.task_id, held.result.status);
  if (source === undefined) throw new BatonError('run_not_found', 'The run has no plan.');
  return { record: state.record, source };
}

/** Decides that the outcome stands. `usage`: what asking for a patch took. */
export function decline({ work, epoch }: Repair, reason: string, usage: Usage | null = null): Promise<PatchDecision> {
  const { run_id: run, task } = work.data;
  return declinePatch(work.tools.flow.store, { run, task: task.task_id, epoch, reason, usage });
}
