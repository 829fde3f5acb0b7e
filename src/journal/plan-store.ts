import { z } from 'zod';
import { Plan } from '../contracts/plan.ts';
import { planLimits, type StoredPlan, type StoredPlanHead } from '../contracts/stored-plan.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const saving = loadScript(new URL('./plan-save.lua', import.meta.url));
const deleting = loadScript(new URL('./plan-delete.lua', import.meta.url));

/** Characters of a digest that stand in an etag. */
const ETAG_CHARS = 16;

export type PlanSave = {
  readonly name: string;
  /** This save's own id: sent twice it counts once. */
  readonly id: string;
  readonly plan: Plan;
  /** Of its content, whatever the order of its fields. */
  readonly digest: string;
  readonly fromRun: string | undefined;
  /** What must be there: undefined for anything, `*` a version, `-` none, else the etag of the latest one. */
  readonly expected: string | undefined;
};

export type PlanSaved =
  | { readonly outcome: 'saved' | 'same'; readonly version: number }
  | { readonly outcome: 'changed' | 'too_many_plans' | 'too_many_versions' | 'too_many_bytes' };

const refusals = new Map([
  [-1, 'changed'],
  [-2, 'too_many_plans'],
  [-3, 'too_many_versions'],
] as const);

/** Stores a new version of a plan; equal content is the version that is there. `changed`: what must be there is not. */
export async function savePlan({ redis, keys }: Store, save: PlanSave): Promise<PlanSaved> {
  const { name, id, plan, digest, fromRun = '', expected = '' } = save;
  const { plans, versions, bytes } = planLimits;
  const reply = await runScript(redis, saving, {
    keys: [keys.plans, keys.plan(name), keys.planBytes],
    args: [
      ...[name, id, digest, JSON.stringify(plan), fromRun, plan.sub_tasks.length, expected],
      ...[plans, versions, bytes],
    ],
  });
  const [code, version] = reply as [-4 | -3 | -2 | -1 | 0 | 1, number]; // the script returns nothing else
  if (code === 1 || code === 0) return { outcome: code === 1 ? 'saved' : 'same', version };
  return { outcome: code === -4 ? 'too_many_bytes' : (refusals.get(code) ?? 'too_many_bytes') };
}

/** Deletes a plan, or one version of it. False when there was none. */
export async function deletePlan({ redis, keys }: Store, name: string, version?: number): Promise<boolean> {
  const names = [keys.plans, keys.plan(name), keys.planBytes];
  return Number(await runScript(redis, deleting, { keys: names, args: [name, version ?? ''] })) === 1;
}

const Head = z.object({ digest: z.string(), at: z.number(), from_run: z.string(), tasks: z.int() });

/** One version of a plan, the latest unless it is named; undefined when there is none. */
export async function loadStoredPlan(store: Store, name: string, version?: number): Promise<StoredPlan | undefined> {
  const { redis, keys } = store;
  const wanted = version ?? (await loadVersions(store, name)).at(-1);
  if (wanted === undefined) return undefined;
  const [head, plan] = await redis.hmget(keys.plan(name), `n:${wanted}`, `v:${wanted}`);
  if (head == null || plan == null) return undefined;
  const { tasks: _, ...shown } = toHead({ name, version: wanted, text: head });
  return { ...shown, plan: Plan.parse(JSON.parse(plan)) };
}

/** Stored plans by name, behind `after`: at most `limit`. One that is deleted meanwhile is left out. */
export async function listStoredPlans(
  store: Store,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<{ readonly plans: readonly StoredPlanHead[]; readonly next: string | null }> {
  const from = after === undefined ? '-' : `(${after}`;
  const names = await store.redis.zrangebylex(store.keys.plans, from, '+', 'LIMIT', 0, limit + 1);
  const shown = names.slice(0, limit);
  const heads = await Promise.all(shown.map((name) => loadLatestHead(store, name)));
  return { plans: heads.flatMap((head) => head ?? []), next: names.length > limit ? (shown.at(-1) ?? null) : null };
}

async function loadLatestHead(store: Store, name: string): Promise<StoredPlanHead | undefined> {
  const versions = await loadVersions(store, name);
  const version = versions.at(-1);
  const text = version === undefined ? null : await store.redis.hget(store.keys.plan(name), `n:${version}`);
  if (version === undefined || text === null) return undefined;
  return { ...toHead({ name, version, text }), versions };
}

/** The versions there are, oldest first. */
async function loadVersions({ redis, keys }: Store, name: string): Promise<number[]> {
  const fields = await redis.hkeys(keys.plan(name));
  const versions = fields.flatMap((field) => (field.startsWith('n:') ? Number(field.slice(2)) : []));
  return versions.toSorted((left, right) => left - right);
}

function toHead({ name, version, text }: { readonly name: string; readonly version: number; readonly text: string }) {
  const { digest, at, from_run, tasks } = Head.parse(JSON.parse(text));
  const etag = `${version}-${digest.slice(0, ETAG_CHARS)}`;
  const saved_at = new Date(at).toISOString();
  return { name, version, etag, saved_at, from_run: from_run === '' ? null : from_run, tasks };
}
