import type { Fault } from '../contracts/error.ts';
import type { PlanPatch } from '../contracts/plan-patch.ts';
import { loadBudget } from '../journal/load-budget.ts';
import { patchFaults } from '../plan/patch.ts';
import type { PatchSource } from '../plan/patch-source.ts';
import { estimateOf, type Priced } from '../plan/price.ts';
import type { Work } from './attempt.ts';

/** Everything wrong with a patch: by the rules of a plan, for want of agents, for want of money. Empty for one that may be applied. */
export async function checkPatch(work: Work, source: PatchSource, patch: PlanPatch): Promise<readonly Fault[]> {
  const faults = patchFaults(source, patch);
  if (faults.length > 0) return faults;
  const found = await Promise.all(patch.add_tasks.map((task) => findAgent(work, task)));
  const missing = patch.add_tasks.flatMap(({ required_capability }, at) =>
    found[at] === undefined
      ? [
          {
            path: `add_tasks[${at}].required_capability`,
            message: `no agent can take this task (${required_capability})`,
          },
        ]
      : [],
  );
  return missing.length > 0
    ? missing
    : tooDear(
        work,
        found.flatMap((agent) => agent ?? []),
      );
}

type Added = PlanPatch['add_tasks'][number];

/** Who would be called, by what it costs; undefined when nobody can be. A task that works through others finds its agents later. */
async function findAgent({ tools, data }: Work, task: Added): Promise<Priced | undefined> {
  if (task.kind !== 'agent' || task.template !== undefined) return {};
  const { eligible, full, silent, hasBroken } = await tools.chooser.now({
    task: { ...task, run_id: data.run_id },
    failed: [],
  });
  const best = eligible[0] ?? full[0]?.agent ?? silent[0];
  if (best !== undefined || hasBroken) return best ?? {};
  const isMade = tools.spawner.price !== undefined && task.agent === undefined;
  return isMade ? { price: tools.spawner.price } : undefined;
}

async function tooDear({ tools, data }: Work, agents: readonly Priced[]): Promise<readonly Fault[]> {
  const budget = await loadBudget(tools.flow.store, data.run_id);
  if (budget === null) return [];
  const estimates = agents.map(estimateOf);
  return (['tokens', 'cost'] as const).flatMap((what) => {
    const most = budget[`max_${what}`];
    const left = most === null ? Number.POSITIVE_INFINITY : most - budget.spent[what] - budget.reserved[what];
    const wanted = estimates.reduce((sum, estimate) => sum + estimate[what], 0);
    const message = `the new tasks may take ${wanted} (${what}), and ${Math.max(0, left)} are left of the budget`;
    return wanted > left ? [{ path: 'add_tasks', message }] : [];
  });
}
