import type { z } from 'zod';
import { PlanAssessment } from '../contracts/plan-assessment.ts';
import { type PlanRef, type SavePlan, StoredPlan, StoredPlanPage } from '../contracts/stored-plan.ts';
import type { Http } from './http.ts';

type Call = Readonly<{ signal?: AbortSignal | undefined }>;

/** A plan to keep, or the run whose plan is to be kept; defaults may be left out. */
export type SaveInput = z.input<typeof SavePlan>;
/** The etag that the latest version must have; `*` for any. */
export type SaveOptions = Call & Readonly<{ ifMatch?: string | undefined }>;

export type PlanClient = {
  /** What would become of a plan, were it run now; what is wrong with it, whatever it is, is part of the answer. */
  validatePlan(plan: unknown, options?: Call): Promise<PlanAssessment>;
  /** Stores a plan as the next version of its name; content that equals the latest version is that version. */
  savePlan(request: SaveInput, options?: SaveOptions): Promise<StoredPlan>;
  /** One page of stored plans, by name. */
  plans(
    options?: Call & Readonly<{ limit?: number | undefined; cursor?: string | undefined }>,
  ): Promise<StoredPlanPage>;
  /** A stored plan, the latest version unless one is named; throws plan_not_found. */
  plan(ref: PlanRef, options?: Call): Promise<StoredPlan>;
  /** Deletes one version, or all of them. */
  removePlan(ref: PlanRef, options?: Call): Promise<void>;
};

/** What a client can do with plans as data. */
export function openPlanClient(http: Http): PlanClient {
  return {
    validatePlan: (plan, { signal } = {}) =>
      http.load(PlanAssessment, { path: 'v1/plans/validate', method: 'POST', body: { plan }, signal }),
    savePlan: (body, { ifMatch, signal } = {}) => {
      const headers = ifMatch === undefined ? {} : { 'if-match': ifMatch === '*' ? '*' : `"${ifMatch}"` };
      return http.load(StoredPlan, { path: 'v1/plans', method: 'POST', headers, body, signal });
    },
    plans: ({ limit, cursor, signal } = {}) => {
      const query = new URLSearchParams({
        ...(limit !== undefined && { limit: `${limit}` }),
        ...(cursor !== undefined && { cursor }),
      });
      return http.load(StoredPlanPage, { path: `v1/plans?${query}`, signal });
    },
    plan: (ref, { signal } = {}) => http.load(StoredPlan, { path: pathOf(ref), signal }),
    removePlan: async (ref, { signal } = {}) => void (await http.send({ path: pathOf(ref), method: 'DELETE', signal })),
  };
}

function pathOf({ name, version }: PlanRef): string {
  return `v1/plans/${encodeURIComponent(name)}${version === undefined ? '' : `?version=${version}`}`;
}
