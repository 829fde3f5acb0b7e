// From a query to a plan: ask the model, check, ask once more with the complaints, or fail with a clear text.
import { BatonError, type Fault } from '../../contracts/error.ts';
import type { Plan } from '../../contracts/plan.ts';
import { addUsage, type Usage } from '../../contracts/result.ts';
import type { SessionTurn } from '../../contracts/session.ts';
import type { ChatMessage } from '../../llm/message.ts';
import type { Model } from '../../llm/model.ts';
import { PlanDraft, toPlan } from './draft.ts';
import type { KnownAgent } from './known-agent.ts';
import { planningMessages, repairMessages } from './prompt.ts';

/** A query, whom to ask, and what a plan must satisfy. */
export type PlanQueryOptions = {
  readonly model: Model;
  readonly agents: readonly KnownAgent[];
  readonly query: string;
  /** What was asked and answered before in its session, oldest first. */
  readonly earlier?: readonly SessionTurn[];
  /** Becomes the plan's `plan_id`; empty when left out. */
  readonly planId?: string;
  readonly signal: AbortSignal;
  /** The faults of a plan's graph (plan/validate.ts); an empty list means it may run. */
  readonly validate: (plan: Plan) => readonly Fault[];
};

type Turn = {
  readonly plan: Plan | null;
  readonly faults: readonly Fault[];
  readonly text: string;
  readonly usage: Usage | null;
};

/**
 * Plans a query with one structured call of the model, or two when the first plan has faults. Throws `planning_failed`
 * with the faults when the second has some too, and whatever the model throws.
 */
export async function planQuery(options: PlanQueryOptions): Promise<{ plan: Plan; usage: Usage | null }> {
  const opening = planningMessages(options.query, options.agents, options.earlier);
  const first = await askForPlan(opening, options);
  if (first.plan !== null) return { plan: first.plan, usage: first.usage };

  const repair = repairMessages(first.text, first.faults.map(toSentence));
  const second = await askForPlan([...opening, ...repair], options);
  if (second.plan !== null) return { plan: second.plan, usage: addUsage([first.usage, second.usage]) };
  throw planningFailed(second.faults);
}

async function askForPlan(messages: readonly ChatMessage[], options: PlanQueryOptions): Promise<Turn> {
  const { model, query, agents, signal, planId = '' } = options;
  const answer = await model.structured({ name: 'plan', schema: PlanDraft, messages, signal });
  const { text, usage } = answer;
  if (!answer.ok) {
    return { plan: null, faults: answer.complaints.map((message) => ({ path: '', message })), text, usage };
  }
  const drafted = toPlan(answer.value, { planId, query, agents });
  if (!drafted.ok) return { plan: null, faults: drafted.faults, text, usage };
  const faults = options.validate(drafted.plan);
  return { plan: faults.length === 0 ? drafted.plan : null, faults, text, usage };
}

function toSentence({ path, message }: Fault): string {
  return path === '' ? message : `${path}: ${message}`;
}

function planningFailed(faults: readonly Fault[]): BatonError {
  const shown = faults.slice(0, 3).map(toSentence).join('; ');
  const more = faults.length > 3 ? ` (and ${faults.length - 3} more)` : '';
  return new BatonError(
    'planning_failed',
    `The model made no valid plan, not even when told its faults: ${shown}${more}.`,
    {
      faults,
    },
  );
}
