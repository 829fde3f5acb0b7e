import { askName } from '../contracts/interrupt.ts';
import { type PatchDecision, type PatchProposal, PlanPatch } from '../contracts/plan-patch.ts';
import type { Verdict } from '../contracts/verdict.ts';
import { type AskOutcome, askHuman, keepAsking } from '../flow/ask.ts';
import { loadQuestion, type Question } from '../journal/load-asks.ts';
import { loadDecision } from '../journal/patch.ts';
import { patchRoom } from '../plan/patch-source.ts';
import { applyProposed } from './replan-apply.ts';
import { checkPatch } from './replan-check.ts';
import { decline, loadStanding, type Repair, type Standing } from './replan-standing.ts';

/**
 * What is decided about an outcome that is kept back: what was decided before, else what the planner proposes and, where the run asks for
 * that, a human lets pass. A verdict while nobody has decided. Throws what the planner throws.
 */
export async function decideOnPatch(repair: Repair): Promise<PatchDecision | Verdict> {
  const { store } = repair.work.tools.flow;
  const { run_id: run, task } = repair.work.data;
  const known = await loadDecision(store, run, task.task_id);
  if (known !== undefined) return known;
  const question = await loadQuestion(store, run, askName(task.task_id, 'patch'));
  if (question !== undefined) return decideByHuman(repair, question);
  const standing = await loadStanding(repair);
  if (patchRoom(standing.source) === 0) return decline(repair, 'it has been changed as often as it may be');
  const proposal = await propose(repair, standing);
  if (proposal.kind === 'none') return decline(repair, proposal.reason, proposal.usage);
  if (standing.record.options.recovery?.approve !== true) return applyProposed(repair, proposal);
  return verdictOf(await ask(repair, standing, proposal));
}

function propose({ work, epoch, held }: Repair, { record, source }: Standing): Promise<PatchProposal> {
  const { data, signal, tools } = work;
  return tools.replan({
    ...{ run: data.run_id, query: record.query, plan: source.plan, task: data.task, epoch, held, signal },
    states: source.states,
    room: patchRoom(source),
    budgeted: record.options.budget !== undefined,
    check: (patch) => checkPatch(work, source, patch),
  });
}

function ask(
  { work, epoch }: Repair,
  { record }: Standing,
  { patch, usage, model }: Extract<PatchProposal, { kind: 'patch' }>,
): Promise<AskOutcome> {
  const { run_id: run, task } = work.data;
  return askHuman(work.tools.flow, {
    ...{ run, task: task.task_id, epoch, job: work.job, subject: 'patch', edit: 'patch' },
    content: JSON.stringify(patch),
    approval: record.options.interrupt,
    made: { usage, model, mode: null, warnings: [] },
  });
}

async function decideByHuman(repair: Repair, question: Question): Promise<PatchDecision | Verdict> {
  const { ask: asked, content, resolution } = question;
  if (resolution === undefined) return verdictOf(await keepAsking(repair.work.tools.flow, question));
  const usage = asked.made?.usage ?? null;
  switch (resolution.state) {
    case 'approved':
      return applyProposed(repair, { patch: PlanPatch.parse(JSON.parse(content)), usage });
    case 'edited':
      return applyProposed(repair, { patch: PlanPatch.parse(resolution.content), usage });
    case 'rejected':
    case 'withdrawn':
      return decline(repair, resolution.reason === '' ? 'a human rejected it' : resolution.reason, usage);
    default:
      return resolution.state satisfies never;
  }
}

/** Anything but an open question: the next claim finds out what has happened. */
function verdictOf(outcome: AskOutcome): Verdict {
  return outcome === 'open' ? { kind: 'wait' } : { kind: 'again', delayMs: 0 };
}
