import type { PlanReuse } from '../contracts/cached-plan.ts';
import { BatonError } from '../contracts/error.ts';
import { PLAN_TASK } from '../contracts/ids.ts';
import { askName } from '../contracts/interrupt.ts';
import { jobIds, ORCHESTRATOR_QUEUE } from '../contracts/job.ts';
import { Plan } from '../contracts/plan.ts';
import type { Usage } from '../contracts/result.ts';
import type { ModeDecision, RunOptions } from '../contracts/run-options.ts';
import type { Verdict } from '../contracts/verdict.ts';
import { type AskOutcome, askHuman, keepAsking } from '../flow/ask.ts';
import type { Flow } from '../flow/flow.ts';
import { loadQuestion } from '../journal/load-asks.ts';
import { applyCache } from '../plan/cache.ts';
import { applyInterrupts, asksAboutPlan } from '../plan/interrupts.ts';
import { applyOwnReviews } from '../plan/own-reviews.ts';
import { orderPlan } from './order-plan.ts';

/** A plan as it was made. */
export type Made = {
  readonly plan: Plan;
  readonly usage: Usage | null;
  readonly model: { readonly name: string; readonly offline: boolean } | null;
  /** What its run is to be told of how it was made. */
  readonly warnings: readonly string[];
  /** Whose plan it is; left out when it was made for this run. */
  readonly cached?: PlanReuse | undefined;
};

/** The same as it will be carried out: in the order of its mode, with the questions that its run asks. */
export type Draft = Made & { readonly mode: ModeDecision | null };

type Planning = {
  readonly run: string;
  readonly epoch: number;
  readonly options: RunOptions;
  /** How the order was decided before there was this run (a fork's); null when it is to be decided now. */
  readonly mode: ModeDecision | null;
};

/**
 * The plan to record: what `make` makes, once a human has approved or edited it if the run asks for that. A verdict while nobody
 * has decided; undefined when there is nothing to plan any more. Throws rejected.
 */
export async function approvedDraft(
  flow: Flow,
  planning: Planning,
  make: () => Promise<Made | undefined>,
): Promise<Draft | Verdict | undefined> {
  const { run, options } = planning;
  if (!asksAboutPlan(options)) return draft(flow, planning, await make());
  const question = await loadQuestion(flow.store, run, askName(PLAN_TASK, 'plan'));
  if (question === undefined) {
    const made = await draft(flow, planning, await make());
    return made && verdictOf(await ask(flow, planning, made));
  }
  const { ask: asked, content, resolution } = question;
  if (resolution === undefined) return verdictOf(await keepAsking(flow, question));
  if (resolution.state === 'withdrawn') return undefined;
  if (resolution.state === 'rejected') throw new BatonError('rejected', resolution.reason || undefined);
  if (asked.made === null) throw new TypeError('a question about a plan does not say how it was made');
  if (resolution.state === 'approved') return { ...asked.made, plan: Plan.parse(JSON.parse(content)) };
  return draft(flow, planning, { ...asked.made, plan: Plan.parse(resolution.content) });
}

async function draft(
  flow: Flow,
  { options, mode: decided }: Planning,
  made: Made | undefined,
): Promise<Draft | undefined> {
  if (made === undefined) return undefined;
  const { plan, mode } = await orderPlan(flow, applyOwnReviews(made.plan), { asked: options.mode, decided });
  return { ...made, plan: applyCache(applyInterrupts(plan, options), options), mode };
}

function ask(flow: Flow, { run, epoch, options }: Planning, { plan, ...made }: Draft): Promise<AskOutcome> {
  const job = { queue: ORCHESTRATOR_QUEUE, id: jobIds.plan(run) };
  return askHuman(flow, {
    ...{ run, epoch, job, task: PLAN_TASK, subject: 'plan', edit: 'plan', approval: options.interrupt },
    content: JSON.stringify(plan),
    made: { ...made, warnings: [...made.warnings] },
  });
}

function verdictOf(outcome: AskOutcome): Verdict | undefined {
  if (outcome === 'open') return { kind: 'wait' };
  return outcome === 'decided' ? { kind: 'again', delayMs: 0 } : undefined;
}
