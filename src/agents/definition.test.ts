import { expect, test } from 'vitest';
import { type AgentDefinition, defineAgent, isDefinedAgent, toDescriptor } from './definition.ts';
import { openLocalAgents } from './local-agents.ts';

const about = { id: 'probe', capabilities: ['search', 'custom'] } as const;

async function* nothing(): AsyncGenerator<string> {}

/** Modules in JavaScript may define anything. */
const loose = (definition: object): AgentDefinition => definition as AgentDefinition;

test.each([
  ['dynamic_events', { ...about, stream: nothing }],
  ['dynamic_messages', { ...about, messages: nothing }],
  ['static', { ...about, invoke: () => 'x' }],
  ['static', { ...about, reply: 'x' }],
])('the way an agent answers makes its mode %s', (mode, definition) => {
  expect(toDescriptor(definition, { transport: 'in_process' }).streaming_mode).toBe(mode);
});

test('a descriptor has what was defined, and defaults for the rest', () => {
  const descriptor = toDescriptor(
    { ...about, reply: 'always', priority: 3, max_tokens: 9, payload_schema: { required_fields: { query: 'string' } } },
    { transport: 'http', endpoint: 'http://127.0.0.1:8001' },
  );
  expect(descriptor).toMatchObject({
    agent_id: 'probe',
    name: 'probe',
    transport: 'http',
    endpoint: 'http://127.0.0.1:8001',
    capabilities: ['search', 'custom'],
    static_response: 'always',
    priority: 3,
    max_tokens: 9,
    timeout_seconds: 60,
    payload_schema: { content_type: 'application/json', required_fields: { query: 'string' } },
  });
});

test.each([
  [{ ...about }, /exactly one of .* found none/],
  [{ ...about, reply: 'x', invoke: () => 'y' }, /found invoke and reply/],
  [{ ...about, stream: 'x' }, /exactly one of/],
  [{ ...about, id: 'no spaces', reply: 'x' }, /agent_id: expected 1 to 64/],
  [{ ...about, capabilities: ['baking'], reply: 'x' }, /capabilities\[0\]/],
  [{ ...about, capabilities: [], reply: 'x' }, /capabilities/],
])('a definition with a fault is refused by name', (definition, message) => {
  expect(() => defineAgent(loose(definition))).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  expect(() => defineAgent(loose(definition))).toThrow(message);
});

test('defineAgent marks what it was given', () => {
  const definition: AgentDefinition = { ...about, reply: 'x' };
  expect(isDefinedAgent(definition)).toBe(false);
  expect(defineAgent(definition)).toBe(definition);
  expect(isDefinedAgent(definition)).toBe(true);
  expect(Object.keys(definition)).toEqual(['id', 'capabilities', 'reply']);
});

test('local agents are known by id, and each id once', () => {
  const local = openLocalAgents([{ ...about, reply: 'x' }]);
  expect(local.has('probe')).toBe(true);
  expect(local.has('constructor')).toBe(false);
  expect(local.descriptors).toMatchObject([{ agent_id: 'probe', transport: 'in_process', endpoint: null }]);
  const twice = [
    { ...about, reply: 'x' },
    { ...about, reply: 'y' },
  ];
  expect(() => openLocalAgents(twice)).toThrow('Two agents have the same id: probe.');
});
