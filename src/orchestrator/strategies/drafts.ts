import { z } from 'zod';
import { Capability } from '../../contracts/agent.ts';
import { StrategyName } from '../../contracts/strategy.ts';
import { roleNames } from '../../plan/strategy-team.ts';
import { PlanDraft } from '../planner/draft.ts';

// What the model is asked for, one form per strategy. Strict output has neither records nor optionals.

const InputData = PlanDraft.shape.sub_tasks.element.shape.input_data;

/** Who takes a query: an agent by its label, or a capability; both null when nobody here can. */
export const RouteDraft = z.object({
  agent: z.string().nullable(),
  capability: Capability.nullable(),
  input_data: InputData,
  reason: z.string(),
});
export type RouteDraft = z.infer<typeof RouteDraft>;

/** A report's sections in order (the seed's `Sections`). */
export const ReportDraft = z.object({ sections: z.array(z.object({ name: z.string(), description: z.string() })) });
export type ReportDraft = z.infer<typeof ReportDraft>;

/** Steps in order, each by an agent's label or a capability. */
export const SequenceDraft = z.object({
  reason: z.string(),
  steps: z.array(
    z.object({ agent: z.string().nullable(), capability: Capability, description: z.string(), input_data: InputData }),
  ),
});
export type SequenceDraft = z.infer<typeof SequenceDraft>;

const TeamTask = PlanDraft.shape.sub_tasks.element.extend({
  role: z.enum(roleNames).nullable(),
  complexity: z.enum(['low', 'medium', 'high']),
  domain: z.string(),
});

/** A plan whose tasks say how hard they are, what they are about, and which role does them. */
export const TeamDraft = z.object({ reasoning: z.string(), sub_tasks: z.array(TeamTask) });
export type TeamDraft = z.infer<typeof TeamDraft>;

/** Who talks, by labels, and how it begins. */
export const PeersDraft = z.object({ agents: z.array(z.string()), opening: z.string(), reason: z.string() });
export type PeersDraft = z.infer<typeof PeersDraft>;

/** Which strategy suits a query, and for `route` the route at once: a query for one agent costs no second call. */
export const ChoiceDraft = z.object({
  strategy: StrategyName.exclude(['auto']),
  reason: z.string(),
  route: RouteDraft.nullable(),
});
export type ChoiceDraft = z.infer<typeof ChoiceDraft>;
