import { z } from 'zod';
import { RunId } from './ids.ts';
import { Plan } from './plan.ts';

/** A stored plan's name. `validate` is an address of its own. */
export const PlanName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
    'expected 1 to 64 letters, digits, "_", "." or "-", not starting with a sign',
  )
  .refine((name) => name !== 'validate', '"validate" is reserved');

/** Plans by name, versions of one of them, and bytes of all versions of all plans. */
export const planLimits = { plans: 500, versions: 50, bytes: 64_000_000, page: 100 } as const;

const Version = z.int().min(1).max(1_000_000_000);

/** A stored plan to be carried out; the latest version unless one is named. */
export const PlanRef = z.strictObject({ name: PlanName, version: Version.optional() });
export type PlanRef = z.infer<typeof PlanRef>;

/** The version that a run carries out. */
export const PinnedPlan = z.object({ name: z.string(), version: z.int() });
export type PinnedPlan = z.infer<typeof PinnedPlan>;

/** Body of POST /v1/plans: a plan, or the run whose plan is to be kept. */
export const SavePlan = z
  .strictObject({ name: PlanName, plan: Plan.optional(), from_run: RunId.optional() })
  .refine(({ plan, from_run }) => (plan === undefined) !== (from_run === undefined), 'expected "plan" or "from_run"');
export type SavePlan = z.infer<typeof SavePlan>;

const head = {
  name: z.string(),
  version: z.int(),
  /** Of this version's content: If-Match compares it. */
  etag: z.string(),
  saved_at: z.iso.datetime(),
  /** The run it was taken from; null for one that was sent. */
  from_run: z.string().nullable(),
};

/** One version of a stored plan. */
export const StoredPlan = z.object({ ...head, plan: Plan });
export type StoredPlan = z.infer<typeof StoredPlan>;

/** A stored plan in a list, by its latest version. */
export const StoredPlanHead = z.object({ ...head, tasks: z.int(), versions: z.array(z.int()) });
export type StoredPlanHead = z.infer<typeof StoredPlanHead>;

/** GET /v1/plans: one page by name, and where the next begins. */
export const StoredPlanPage = z.object({ plans: z.array(StoredPlanHead), next_cursor: z.string().nullable() });
export type StoredPlanPage = z.infer<typeof StoredPlanPage>;
