import type { AgentDescriptor, Capability } from '../../contracts/agent.ts';
import type { Fault } from '../../contracts/error.ts';
import { limits } from '../../contracts/limits.ts';
import { type SequenceStep, sequencePlan } from '../../plan/strategy-sequence.ts';
import { toInputData } from '../planner/input.ts';
import { clean } from '../planner/text.ts';
import { askTwice } from './ask-twice.ts';
import { SequenceDraft } from './drafts.ts';
import { type Labels, labelsOf } from './labels.ts';
import { checked, frameOf, type Planned, type Planning } from './planning.ts';
import { strategyMessages } from './prompt.ts';

/** The model plans steps, each of which gets the results of all before it. */
export async function planSequence(planning: Planning): Promise<Planned> {
  const labels = labelsOf(planning.agents);
  const { value: plan, usage } = await askTwice({
    ...{ model: planning.model, signal: planning.signal, name: 'sequence', schema: SequenceDraft },
    messages: strategyMessages('sequence', planning, labels),
    compile: (draft) => {
      const { steps, faults } = stepsOf(draft, planning.agents, labels);
      if (faults.length > 0) return { ok: false, faults };
      return checked(planning, sequencePlan(frameOf(planning), steps, clean(draft.reason, limits.descriptionChars)));
    },
  });
  return { plan, usage, reason: plan.reasoning };
}

function stepsOf({ steps }: SequenceDraft, agents: readonly AgentDescriptor[], labels: Labels) {
  const faults: Fault[] = [];
  const known = steps.map((step, at): SequenceStep => {
    const agent = step.agent === null ? undefined : labels.find(step.agent);
    if (step.agent !== null && agent === undefined)
      faults.push({ path: `steps[${at}].agent`, message: 'expected a label of the list, or null' });
    const capability = capabilityOf(agent, step.capability);
    const input = toInputData(
      { required_capability: capability, input_data: step.input_data },
      agent === undefined ? agents : [agent],
    );
    faults.push(...input.faults.map((fault) => ({ ...fault, path: `steps[${at}].${fault.path}` })));
    const description = clean(step.description, limits.descriptionChars);
    return { agent: agent?.agent_id ?? null, capability, description, input: input.data };
  });
  return { steps: known, faults };
}

function capabilityOf(agent: AgentDescriptor | undefined, named: Capability): Capability {
  return agent === undefined || agent.capabilities.includes(named) ? named : (agent.capabilities[0] ?? named);
}
