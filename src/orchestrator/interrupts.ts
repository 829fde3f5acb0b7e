import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { BatonError, faultsOf, faultyError } from '../contracts/error.ts';
import {
  type Decision,
  InputEdit,
  InterruptId,
  type InterruptView,
  partsOf,
  TextEdit,
} from '../contracts/interrupt.ts';
import { Plan } from '../contracts/plan.ts';
import { PlanPatch } from '../contracts/plan-patch.ts';
import { recordDecision } from '../flow/decide.ts';
import type { Flow } from '../flow/flow.ts';
import { loadQuestion, type Question, type Resolution, toInterruptView } from '../journal/load-asks.ts';
import { loadRecord } from '../journal/load-run.ts';
import type { Store } from '../journal/store.ts';
import { planEditFaults } from '../plan/plan-edit.ts';
import { checkPatchEdit } from './check-patch.ts';
import { loadTemplateFaults } from './check-templates.ts';

const states = { approve: 'approved', edit: 'edited', reject: 'rejected' } as const;
const schemas = { input: InputEdit, text: TextEdit, plan: Plan, patch: PlanPatch } as const;

/** One question and what was decided. Throws interrupt_not_found. */
export async function viewInterrupt(store: Store, id: string): Promise<InterruptView> {
  return toInterruptView(await find(store, id));
}

/**
 * Decides a question. Throws already_decided for any decision but the first, stale_content for one on other content, run_ended when
 * it comes too late, interrupt_not_found, and invalid_request or invalid_plan for an edit with faults: none of these changes anything.
 */
export async function decideInterrupt({ store }: Flow, id: string, decision: Decision): Promise<InterruptView> {
  const question = await find(store, id);
  const { ask, resolution: before } = question;
  if (before !== undefined && before.state !== 'withdrawn')
    throw new BatonError('already_decided', `This question has been decided: ${before.state}.`);
  if (decision.hash !== ask.hash) {
    throw new BatonError('stale_content', `Expected the hash ${ask.hash}: look at the question again.`);
  }
  const content = decision.decision === 'edit' ? { content: await checkedEdit(store, question, decision.content) } : {};
  const { reason } = decision;
  const resolution = { state: states[decision.decision], reason, expired: false, token: randomUUID(), ...content };
  const outcome = await recordDecision(store, ask, resolution);
  if (outcome !== 'decided') throw new BatonError(outcome);
  return toInterruptView({ ...question, resolution });
}

/** Nobody has decided in time: the question's default does. One that is decided, or whose run has ended, stays as it is. */
export async function expireInterrupt({ store }: Flow, id: string): Promise<void> {
  const { run, name } = partsOf(id);
  const question = await loadQuestion(store, run, name);
  if (question === undefined || question.resolution !== undefined) return;
  const { ask } = question;
  const reason = `Nobody decided before ${ask.expires_at}.`;
  const resolution: Resolution = { state: states[ask.on_expiry], reason, expired: true, token: 'expiry' };
  await recordDecision(store, ask, resolution);
}

async function find(store: Store, id: string): Promise<Question> {
  const parsed = InterruptId.safeParse(id);
  const { run, name } = partsOf(parsed.data ?? '');
  const question = parsed.success ? await loadQuestion(store, run, name) : undefined;
  if (question === undefined) throw new BatonError('interrupt_not_found');
  return question;
}

/** The new content as it will be used; every fault stands under `content`. */
async function checkedEdit(store: Store, question: Question, content: unknown): Promise<unknown> {
  const { edit } = question.ask;
  const parsed = z.object({ content: schemas[edit] }).safeParse({ content });
  if (!parsed.success) throw faultyError(edit === 'plan' ? 'invalid_plan' : 'invalid_request', faultsOf(parsed.error));
  if (edit === 'patch') await checkPatchEdit(store, question.ask, PlanPatch.parse(parsed.data.content));
  if (edit === 'plan') await checkPlan(store, question, Plan.parse(parsed.data.content));
  return parsed.data.content;
}

async function checkPlan(store: Store, { ask, content }: Question, edited: Plan): Promise<void> {
  const record = await loadRecord(store, ask.run_id);
  if (record === undefined) throw new BatonError('interrupt_not_found');
  const asked = Plan.parse(JSON.parse(content));
  const wrong = planEditFaults({ asked, edited, points: record.options, reused: record.fork?.reused ?? [] });
  const faults = [...wrong, ...(await loadTemplateFaults(store, edited))];
  if (faults.length === 0) return;
  throw faultyError(
    'invalid_plan',
    faults.map((fault) => ({ ...fault, path: `content.${fault.path}` })),
  );
}
