import { expect, test } from 'vitest';
import { AgentDescriptor } from '../contracts/agent.ts';
import { Strategy } from '../contracts/strategy.ts';
import { shippedTemplates } from '../registry/templates/shipped.ts';
import { type PlanSource, planDigest } from './plan-digest.ts';

const agentOf = (agent_id: string, rest: object = {}) =>
  AgentDescriptor.parse({ agent_id, name: agent_id, capabilities: ['search'], static_response: 'found', ...rest });

const listed = (completed: number) =>
  shippedTemplates.slice(0, 2).map((template) => ({
    ...template,
    shipped: true,
    record: { made: completed, completed, failed: 0, success: 1, mean_ms: null },
  }));

const source: PlanSource = {
  query: 'where is it?',
  agents: [agentOf('one'), agentOf('two')],
  earlier: [{ query: 'what?', outcome: 'completed', answer: 'that' }],
  strategy: Strategy.parse({ name: 'team' }),
  templates: listed(0),
  model: { name: 'm', offline: false },
};

test.each<[string, Partial<PlanSource>]>([
  ['another query', { query: 'who is it?' }],
  ['another agent', { agents: [agentOf('one'), agentOf('three')] }],
  ['an agent that says something else of itself', { agents: [agentOf('one'), agentOf('two', { description: 'new' })] }],
  ['an agent less', { agents: [agentOf('one')] }],
  ['other earlier turns', { earlier: [{ query: 'what?', outcome: 'failed', answer: 'that' }] }],
  ['no strategy', { strategy: null }],
  ['another option of a strategy', { strategy: Strategy.parse({ name: 'route', default_agent: 'one' }) }],
  ['a template less', { templates: listed(0).slice(1) }],
  ['another model', { model: { name: 'n', offline: false } }],
])('%s is another source of plans', (_, other) => {
  expect(planDigest({ ...source, ...other })).not.toBe(planDigest(source));
});

test.each<[string, Partial<PlanSource>]>([
  ['other blanks in the query', { query: ' where  is it?\n' }],
  ['another order of the agents', { agents: source.agents.toReversed() }],
  ['what became of the agents that were made from templates', { templates: listed(7) }],
])('%s makes no other source of plans', (_, other) => {
  expect(planDigest({ ...source, ...other })).toBe(planDigest(source));
});
