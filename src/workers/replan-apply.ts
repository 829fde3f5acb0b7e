import { BatonError, type Fault } from '../contracts/error.ts';
import { toPlannedTask } from '../contracts/plan.ts';
import type { PatchDecision, PlanPatch } from '../contracts/plan-patch.ts';
import type { Usage } from '../contracts/result.ts';
import { rootEvent } from '../contracts/root-event.ts';
import { extendFlow, type PatchRecord, recordPatch } from '../flow/extend.ts';
import { loadRecord } from '../journal/load-run.ts';
import { applyPatch } from '../plan/patch.ts';
import { extensionOf } from '../plan/patch-graph.ts';
import type { Work } from './attempt.ts';
import { checkPatch } from './replan-check.ts';
import { decline, loadStanding, type Repair, type Standing } from './replan-standing.ts';

/** How often a patch is checked against a plan that another one has changed meanwhile. */
const TRIES = 3;

/** A patch, and what asking for it took. */
export type Proposed = { readonly patch: PlanPatch; readonly usage: Usage | null };

/** Applies a patch to the run's plan as it stands, whole or not at all. The decision that counts comes back. Throws lock_lost. */
export async function applyProposed(repair: Repair, proposed: Proposed): Promise<PatchDecision> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const standing = await loadStanding(repair);
    const faults = await checkPatch(repair.work, standing.source, proposed.patch);
    if (faults.length > 0) return decline(repair, `the patch cannot be applied: ${sentenceOf(faults)}`, proposed.usage);
    const recorded = await recordPatch(repair.work.tools.flow.store, recordOf(repair, standing, proposed));
    if (recorded === 'stale') throw new BatonError('lock_lost');
    if (recorded === 'ended') return decline(repair, 'the run ends', proposed.usage);
    if (recorded !== 'conflict') return recorded;
  }
  return decline(repair, 'it was changed too often meanwhile', proposed.usage);
}

/** The first fault, in words. */
function sentenceOf(faults: readonly Fault[]): string {
  const [first] = faults;
  return first === undefined ? '' : `${first.path}: ${first.message}`;
}

function recordOf({ work, epoch, held }: Repair, { source }: Standing, { patch, usage }: Proposed): PatchRecord {
  const { run_id: run, task } = work.data;
  const { plan, from } = applyPatch(source, patch);
  const revision = source.revision + 1;
  const superseded = patch.supersede_pending;
  const tasks = plan.sub_tasks.slice(from).map(toPlannedTask);
  const said = { revision, task_id: task.task_id, cause: held.cause, reason: patch.reason, tasks, superseded };
  const data = `Plan changed: ${tasks.length} task(s) more, ${superseded.length} replaced`;
  return {
    ...{ run, epoch, plan, usage, task: task.task_id },
    decision: { revision, from, to: plan.sub_tasks.length, superseded },
    extension: extensionOf({ run, plan, from, priority: source.options.priority }),
    event: rootEvent(0, { name: 'plan.patched', data, detail: said }),
  };
}

/** Adds the jobs of a patch that counts, as the plan was with it: later patches have jobs of their own. */
export async function carryOut(
  { tools, data }: Work,
  { from, to }: Extract<PatchDecision, { revision: number }>,
): Promise<void> {
  const record = await loadRecord(tools.flow.store, data.run_id);
  if (record === undefined || record.plan === null) throw new BatonError('run_not_found');
  const { plan, options } = record;
  const then = { ...plan, sub_tasks: plan.sub_tasks.slice(0, to) };
  const extension = extensionOf({ run: data.run_id, plan: then, from, priority: options.priority });
  await extendFlow(tools.flow, { run: data.run_id, extension, budgeted: options.budget !== undefined });
}
