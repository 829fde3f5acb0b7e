import { expect, test } from 'vitest';
import { AgentDescriptor } from '../contracts/agent.ts';
import { probeTarget } from './probe-target.ts';

const endpoint = 'http://127.0.0.1:1/v1/';
const agent = (fields: object) =>
  AgentDescriptor.parse({ agent_id: 'a', name: 'a', endpoint, capabilities: ['custom'], ...fields });
const card_url = 'http://127.0.0.1:1/card.json';

test.each([
  ['http', { health_endpoint: '/up' }, 'http://127.0.0.1:1/v1/up', false],
  ['openai', { openai: { model: 'm' } }, 'http://127.0.0.1:1/v1/models', true],
  ['a2a', { a2a: { card_url } }, card_url, false],
  ['mcp', { mcp: { tool: 't' } }, 'http://127.0.0.1:1/v1', true],
])('an %s agent is asked at the address that its protocol has', (transport, fields, url, takesAnyAnswer) => {
  const target = probeTarget(agent({ transport, ...fields }));
  expect(target?.url).toBe(url);
  expect([200, 404, 500].map((status) => target?.isServing(status))).toEqual([true, takesAnyAnswer, false]);
});

test.each([
  ['in_process', { endpoint: null }],
  ['command', { endpoint: null, command: { name: 'c' } }],
  ['model', { endpoint: null, model: {} }],
])('an agent of transport %s cannot be asked from outside', (transport, fields) => {
  expect(probeTarget(agent({ transport, ...fields }))).toBeUndefined();
});
