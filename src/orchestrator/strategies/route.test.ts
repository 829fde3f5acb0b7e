import { expect, test } from 'vitest';
import { AgentDescriptor, type Capability } from '../../contracts/agent.ts';
import { validatePlan } from '../../plan/validate.ts';
import { labelsOf } from './labels.ts';
import type { Planning } from './planning.ts';
import { compileRoute } from './route.ts';

const agents = [
  AgentDescriptor.parse({ agent_id: 'finder', name: 'finder', capabilities: ['search'], static_response: 'found' }),
];

function routeTo(capability: Capability, default_agent?: string) {
  const planning: Planning = {
    ...{ query: 'translate this', agents, validate: validatePlan, signal: new AbortController().signal },
    model: { label: { name: 'none', offline: true } } as Planning['model'], // a draft is compiled without a call
    strategy: { name: 'route', ...(default_agent !== undefined && { default_agent }) },
    loadTemplates: async () => [],
  };
  const made = compileRoute(planning, labelsOf(agents), { agent: null, capability, input_data: [], reason: 'it fits' });
  const [task] = made.ok ? made.value.plan.sub_tasks : [];
  return [task?.agent, task?.required_capability];
}

test('a capability that nobody has goes to the default agent, one that somebody has does not', () => {
  expect(routeTo('translation', 'finder')).toEqual(['finder', 'search']);
  expect(routeTo('search', 'finder')).toEqual([undefined, 'search']);
});

test('without a default agent somebody may still be made, or come back, for it', () => {
  expect(routeTo('translation')).toEqual([undefined, 'translation']);
});
