import { expect, test } from 'vitest';
import { AgentDescriptor } from './agent.ts';
import { faultsOf } from './error.ts';
import { schemaFaults } from './json-schema.ts';

test.each([
  ['a pattern', { properties: { q: { pattern: '(a+)+$' } } }, '/properties/q/pattern'],
  ['patterns of names', { patternProperties: { '(a+)+$': {} } }, '/patternProperties'],
  ['a format that is a pattern', { items: { format: 'regex' } }, '/items/format'],
  ['a reference to elsewhere', { $ref: 'http://10.0.0.1/schema' }, '/$ref'],
  ['a reference to a file', { anyOf: [{ $ref: 'other.json#/a' }] }, '/anyOf/0/$ref'],
  ['a reference to nothing', { $ref: '#/$defs/none' }, '/$ref'],
  ['a reference to a prototype', { $ref: '#/__proto__' }, '/$ref'],
  ['a type that is none', { type: 'text' }, '/type'],
  ['required as draft 3 had it', { properties: { q: { required: true } } }, '/properties/q/required'],
  ['a number as text', { minimum: '1' }, '/minimum'],
  ['a schema that is none', { items: 5 }, '/items'],
  ['what could not be checked', { unevaluatedProperties: false }, '/unevaluatedProperties'],
])('%s is a fault, and said where', (_, schema, path) => {
  expect(schemaFaults(schema).map((fault) => fault.path)).toEqual([path]);
});

test('a schema in daily use has none', () => {
  expect(
    schemaFaults({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'Search',
      type: 'object',
      properties: {
        query: { type: 'string', minLength: 1, description: 'words' },
        pattern: { type: 'string' },
        limit: { type: 'integer', minimum: 1, default: 10 },
        tags: { type: 'array', items: { $ref: '#/$defs/tag' }, uniqueItems: true },
      },
      required: ['query'],
      additionalProperties: false,
      $defs: { tag: { enum: ['a', 'b'] } },
    }),
  ).toEqual([]);
});

test('a registration with such a schema is refused with the place', () => {
  const agent = { agent_id: 'a', name: 'A', capabilities: ['custom'], static_response: 'x' };
  const parsed = AgentDescriptor.safeParse({
    ...agent,
    payload_schema: { json_schema: { properties: { q: { pattern: 'x' } } } },
  });
  if (parsed.success) expect.fail('expected faults');
  expect(faultsOf(parsed.error).map(({ path }) => path)).toEqual(['payload_schema.json_schema.properties.q.pattern']);
  const large = { ...agent, payload_schema: { json_schema: { description: 'x'.repeat(40_000) } } };
  expect(AgentDescriptor.safeParse(large).success).toBe(false);
});
