// The outcome barrier: what a task of a repairable run came to is kept back until it is decided whether the plan changes because of it.
// Nothing that waits for the task begins before, and nobody is called again for it (docs/replanning.md).
import { randomUUID } from 'node:crypto';
import { BatonError } from '../contracts/error.ts';
import { limits } from '../contracts/limits.ts';
import type { HeldOutcome, PatchDecision } from '../contracts/plan-patch.ts';
import type { TaskResult } from '../contracts/result.ts';
import type { Verdict } from '../contracts/verdict.ts';
import { claimTask } from '../journal/claim.ts';
import { holdOutcome, loadHeldOutcome } from '../journal/patch-outcome.ts';
import { patchCauseOf } from '../plan/patch-cause.ts';
import type { Work } from './attempt.ts';
import { verdictWithoutAttempt } from './refusal.ts';
import { carryOut } from './replan-apply.ts';
import { decideOnPatch } from './replan-decide.ts';
import { decline, type Repair } from './replan-standing.ts';
import { type Settling, settle, settleAtEnd } from './settle.ts';

/** Records a result; one that the run's plan may make up for is kept back, and its job comes back for the decision. */
export async function settleOrHold(work: Work, settling: Settling): Promise<Verdict> {
  const { run_id: run, task, repairable } = work.data;
  const { epoch, result, onCounted } = settling;
  const cause = repairable === true ? patchCauseOf(task, result) : undefined;
  if (cause === undefined) return settleAtEnd(work, settling);
  const isHeld = await holdOutcome(work.tools.flow.store, { run, epoch, held: { cause, result } });
  if (!isHeld) return settleAtEnd(work, settling);
  onCounted?.();
  // Without the agent's slot and what is set aside for its call: a planner, or a human, may take long.
  return { kind: 'again', delayMs: 0 };
}

/** Runs a task, or goes on with the decision about its outcome. A job that was never away has none, and costs no round trip. */
export async function runRepairable(work: Work, begin: () => Promise<Verdict>): Promise<Verdict> {
  const { run_id: run, task, repairable } = work.data;
  if (repairable !== true || work.starts <= 1) return begin();
  const { store } = work.tools.flow;
  const held = await loadHeldOutcome(store, run, task.task_id);
  if (held === undefined) return begin();
  const given = { run, task: task.task_id, token: randomUUID(), dependencies: [], needed: 0, announce: [] };
  const claim = await claimTask(store, given);
  if (!('epoch' in claim)) return verdictWithoutAttempt(work, claim);
  const repair = { work, epoch: claim.epoch, held };
  if (claim.state !== 'started') return settleAs(repair, held.result); // its run ends
  // A patch that counts is carried out all the same: the run waits for its tasks.
  const isPoisonous = claim.epoch > limits.claims;
  return settleDecided(
    repair,
    await (isPoisonous ? decline(repair, 'the decision ended its workers') : decide(repair)),
  );
}

async function settleDecided(repair: Repair, decision: PatchDecision | Verdict): Promise<Verdict> {
  if ('kind' in decision) return decision;
  if (decision.revision === null) return settleAs(repair, unpatched(repair.held, decision.reason));
  await carryOut(repair.work, decision);
  return settleAs(repair, { ...repair.held.result, recovered_by: decision.revision });
}

/** The process shuts down; or the next claim finds what a join has decided. */
const comesBack: ReadonlySet<string> = new Set(['draining', 'late', 'redispatched']);

/** What keeps a decision from being made is one against a patch: the outcome goes on as it is. */
async function decide(repair: Repair): Promise<PatchDecision | Verdict> {
  const { tools, data, signal } = repair.work;
  try {
    return await decideOnPatch(repair);
  } catch (thrown) {
    const error: unknown = signal.aborted ? signal.reason : thrown;
    if (!(error instanceof BatonError) || error.code === 'lock_lost') throw error;
    if (comesBack.has(error.code)) return { kind: 'again', delayMs: 0 };
    tools.report({ run: data.run_id, task: data.task.task_id, error });
    return decline(repair, error.message);
  }
}

function settleAs({ work, epoch }: Repair, result: TaskResult): Promise<Verdict> {
  return settle(work, { epoch, result: { ...result, attempts: epoch } });
}

function unpatched({ result }: HeldOutcome, reason: string): TaskResult {
  return { ...result, warning: `The plan was not changed: ${reason}`.slice(0, limits.errorChars) };
}
