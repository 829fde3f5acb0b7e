import { createHash, randomUUID } from 'node:crypto';
import { BatonError, faultyError } from '../contracts/error.ts';
import type { Plan } from '../contracts/plan.ts';
import {
  type PlanRef,
  planLimits,
  type SavePlan,
  type StoredPlan,
  type StoredPlanPage,
} from '../contracts/stored-plan.ts';
import { loadRecord } from '../journal/load-run.ts';
import { loadPatches } from '../journal/patch.ts';
import { deletePlan, listStoredPlans, loadStoredPlan, type PlanSaved, savePlan } from '../journal/plan-store.ts';
import type { Store } from '../journal/store.ts';
import { frozenPlan } from '../plan/frozen-plan.ts';
import { validatePlan } from '../plan/validate.ts';
import { loadTemplateFaults } from './check-templates.ts';

/**
 * Stores a plan, or the plan of a run, as the next version of its name; content that equals the latest version is that version.
 * `expected` as in PlanSave. Throws invalid_plan with every fault, run_not_found, invalid_request for a run without a plan,
 * precondition_failed, plans_full.
 */
export async function storePlan(
  store: Store,
  { name, plan, from_run: fromRun }: SavePlan,
  expected: string | undefined,
): Promise<{ readonly stored: StoredPlan; readonly isNew: boolean }> {
  const content = plan ?? (await loadRunPlan(store, fromRun ?? ''));
  await rejectFaulty(store, content);
  const saved = await savePlan(store, {
    ...{ name, plan: content, fromRun, expected },
    id: randomUUID(),
    digest: digestOf(content),
  });
  if (!('version' in saved)) throw refusal(saved.outcome, name);
  return { stored: await findPlan(store, { name, version: saved.version }), isNew: saved.outcome === 'saved' };
}

/** A stored plan, the latest version unless one is named. Throws plan_not_found. */
export async function findPlan(store: Store, { name, version }: PlanRef): Promise<StoredPlan> {
  const stored = await loadStoredPlan(store, name, version);
  if (stored !== undefined) return stored;
  throw notFound({ name, version });
}

/** One page of stored plans, by name. */
export async function listPlans(
  store: Store,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<StoredPlanPage> {
  const { plans, next } = await listStoredPlans(store, page);
  return { plans: [...plans], next_cursor: next };
}

/** Deletes a stored plan, or one version of it; runs that carry it out have their own copy. Throws plan_not_found. */
export async function removePlan(store: Store, { name, version }: PlanRef): Promise<void> {
  if (!(await deletePlan(store, name, version))) throw notFound({ name, version });
}

/** What a run carried out, with the order and the questions that it was given, as it stands after its patches. */
async function loadRunPlan(store: Store, run: string): Promise<Plan> {
  const record = await loadRecord(store, run);
  if (record === undefined) throw new BatonError('run_not_found');
  if (record.plan !== null) {
    return frozenPlan(record.plan, record.query, (await loadPatches(store, run)).patches);
  }
  throw faultyError('invalid_request', [{ path: 'from_run', message: 'expected a run that has a plan' }]);
}

async function rejectFaulty(store: Store, plan: Plan): Promise<void> {
  const faults = [...validatePlan(plan), ...(await loadTemplateFaults(store, plan))];
  if (faults.length === 0) return;
  throw faultyError(
    'invalid_plan',
    faults.map((fault) => ({ ...fault, path: `plan.${fault.path}` })),
  );
}

function digestOf(plan: Plan): string {
  return createHash('sha256').update(JSON.stringify(plan, inOrder)).digest('hex');
}

/** The order in which somebody wrote the fields does not count. */
function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

function refusal(outcome: Exclude<PlanSaved['outcome'], 'saved' | 'same'>, name: string): BatonError {
  const { plans, versions, bytes } = planLimits;
  switch (outcome) {
    case 'changed':
      return new BatonError('precondition_failed', `The latest version of "${name}" is not the one that was named.`);
    case 'too_many_plans':
      return new BatonError('plans_full', `There are ${plans} stored plans, which is the most: delete one first.`);
    case 'too_many_versions':
      return new BatonError(
        'plans_full',
        `"${name}" has ${versions} versions, which is the most: delete one of them first.`,
      );
    case 'too_many_bytes':
      return new BatonError('plans_full', `Stored plans may take ${bytes} bytes together: delete some first.`);
    default:
      return outcome satisfies never;
  }
}

function notFound({ name, version }: PlanRef): BatonError {
  const which = version === undefined ? '' : ` with version ${version}`;
  return new BatonError('plan_not_found', `There is no stored plan "${name}"${which}.`);
}
