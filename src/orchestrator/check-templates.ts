import type { Fault } from '../contracts/error.ts';
import type { Plan } from '../contracts/plan.ts';
import type { Store } from '../journal/store.ts';
import { asksForTemplates, templateUseFaults } from '../plan/template-faults.ts';
import { openTemplates } from '../registry/template-store.ts';

/** What is wrong with the templates that a plan's tasks ask for, as templates stand now. Reads nothing when none is asked for. */
export async function loadTemplateFaults(store: Store, plan: Plan): Promise<readonly Fault[]> {
  return asksForTemplates(plan) ? templateUseFaults(plan, await openTemplates(store).list()) : [];
}
