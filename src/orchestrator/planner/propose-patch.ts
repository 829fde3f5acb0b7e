// From an outcome to a change of the plan: ask the model, check, ask once more with the complaints, or say why there is none.
import type { Fault } from '../../contracts/error.ts';
import type { PatchProposal, PatchRequest, PlanPatch } from '../../contracts/plan-patch.ts';
import { addUsage, type Usage } from '../../contracts/result.ts';
import type { Flow } from '../../flow/flow.ts';
import { countModelCall } from '../../journal/count-model-call.ts';
import { openFunds } from '../../journal/funds.ts';
import { countedModel } from '../../llm/counted-model.ts';
import type { ChatMessage } from '../../llm/message.ts';
import type { Model } from '../../llm/model.ts';
import { payingModel } from '../../llm/paying-model.ts';
import { chargeOf, estimateOf } from '../../plan/price.ts';
import type { Registry } from '../../registry/registry.ts';
import { type KnownAgent, loadStaff } from './known-agent.ts';
import { PatchDraft, toPatch } from './patch-draft.ts';
import { patchMessages } from './patch-prompt.ts';
import { repairMessages } from './prompt.ts';

export type PatchTools = { readonly flow: Flow; readonly registry: Registry; readonly model: Model };

type Asking = { readonly model: Model; readonly agents: readonly KnownAgent[]; readonly request: PatchRequest };

type Turn = {
  /** Null when there are faults; undefined when the model has none to give. */
  readonly patch: PlanPatch | null | undefined;
  readonly reason: string;
  readonly faults: readonly Fault[];
  readonly text: string;
  readonly usage: Usage | null;
};

/**
 * Asks the model once whether a plan shall change, or twice when its first patch has faults. Each call is paid from the run's budget, in
 * the name of the task with the outcome. Throws what the model throws, and budget_exhausted.
 */
export async function proposePatch(
  { flow, registry, model }: PatchTools,
  request: PatchRequest,
): Promise<PatchProposal> {
  const { known: agents } = await loadStaff(registry);
  const { run, task, epoch } = request;
  const counted = countedModel(model, (number) =>
    countModelCall(flow.store, { run, task: task.task_id, epoch, number }),
  );
  const asking = { agents, request, model: request.budgeted ? paid(flow, counted, request) : counted };
  const opening = patchMessages(request, agents);
  const first = await askForPatch(asking, opening);
  if (first.patch !== null) return toProposal(asking, first, first.usage);
  const repair = repairMessages(first.text, first.faults.map(toSentence));
  const second = await askForPatch(asking, [...opening, ...repair]);
  return toProposal(asking, second, addUsage([first.usage, second.usage]));
}

function paid(flow: Flow, model: Model, { run, task, epoch }: PatchRequest): Model {
  const funds = { run, epoch, task: task.task_id, estimate: estimateOf(model) };
  const open = (signal: AbortSignal) => openFunds(flow.store, { ...funds, signal });
  return payingModel(model, { open, charge: (usage) => chargeOf(usage, model) });
}

async function askForPatch({ model, agents, request }: Asking, messages: readonly ChatMessage[]): Promise<Turn> {
  const answer = await model.structured({ name: 'plan_patch', schema: PatchDraft, messages, signal: request.signal });
  const { text, usage } = answer;
  const faulty = (faults: readonly Fault[]): Turn => ({ patch: null, reason: '', faults, text, usage });
  if (!answer.ok) return faulty(answer.complaints.map((message) => ({ path: '', message })));
  const { reason, add_tasks, supersede_pending } = answer.value;
  const isEmpty = add_tasks.length === 0 && supersede_pending.length === 0;
  if (isEmpty) return { patch: undefined, reason, faults: [], text, usage };
  const drafted = toPatch(answer.value, { plan: request.plan, task: request.task, agents });
  if (!drafted.ok) return faulty(drafted.faults);
  const faults = await request.check(drafted.patch);
  return faults.length > 0 ? faulty(faults) : { patch: drafted.patch, reason, faults, text, usage };
}

function toProposal({ model }: Asking, { patch, reason, faults }: Turn, usage: Usage | null): PatchProposal {
  if (patch != null) return { kind: 'patch', patch, usage, model: model.label };
  const said =
    reason.trim() === '' ? 'the planner has none to give' : `the planner has none to give (${reason.trim()})`;
  const shown = faults.slice(0, 3).map(toSentence).join('; ');
  return { kind: 'none', usage, reason: patch === undefined ? said : `the planner gave no valid patch: ${shown}` };
}

function toSentence({ path, message }: Fault): string {
  return path === '' ? message : `${path}: ${message}`;
}
