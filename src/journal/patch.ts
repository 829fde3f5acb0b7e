import type { Plan } from '../contracts/plan.ts';
import { PatchDecision, type RecordedPatch } from '../contracts/plan-patch.ts';
import type { Store } from './store.ts';

const OUTCOME = 'outcome:';
const DECISION = 'decision:';

/** What has been decided about a task's outcome; undefined when nothing has. */
export async function loadDecision(
  { redis, keys }: Store,
  run: string,
  task: string,
): Promise<PatchDecision | undefined> {
  const text = await redis.hget(keys.run(run).patches, DECISION + task);
  return text === null ? undefined : PatchDecision.parse(JSON.parse(text));
}

/** The patches of a run's plan by revision, and the tasks whose outcomes are, or were, kept back. */
export type Patches = { readonly patches: readonly RecordedPatch[]; readonly held: ReadonlySet<string> };

/** Reads what has become of a run's plan. */
export async function loadPatches({ redis, keys }: Store, run: string): Promise<Patches> {
  const fields = Object.entries(await redis.hgetall(keys.run(run).patches));
  const patches = fields.flatMap(([name, text]): readonly RecordedPatch[] => {
    if (!name.startsWith(DECISION)) return [];
    const decision = PatchDecision.parse(JSON.parse(text));
    return decision.revision === null ? [] : [{ ...decision, task: name.slice(DECISION.length) }];
  });
  const held = fields.flatMap(([name]) => (name.startsWith(OUTCOME) ? [name.slice(OUTCOME.length)] : []));
  return { patches: patches.toSorted((a, b) => a.revision - b.revision), held: new Set(held) };
}

/** The tasks of a run that its patches have replaced. */
export function replacedBy(patches: readonly RecordedPatch[]): readonly string[] {
  return patches.flatMap(({ superseded }) => superseded);
}

/** A plan as it was before its first patch: what the run was submitted with. */
export async function loadUnpatched(store: Store, run: string, plan: Plan): Promise<Plan> {
  const [first] = (await loadPatches(store, run)).patches;
  return first === undefined ? plan : { ...plan, sub_tasks: plan.sub_tasks.slice(0, first.from) };
}
