import { expect, test } from 'vitest';
import { PayloadSchema } from '../contracts/agent.ts';
import { payloadMisfits } from './payload-fit.ts';

const schema = PayloadSchema.parse({
  required_fields: { query: 'string', limit: 'integer', task_id: 'string' },
  optional_fields: { tags: 'array', odd: 'a colour' },
});

test('input with all required fields of the named types fits; more fields are welcome', () => {
  expect(payloadMisfits(schema, { query: 'x', limit: 3, tags: [], odd: 1, more: true })).toEqual([]);
});

test('what is missing or of another type is named; what baton gives itself is not asked of the plan', () => {
  expect(payloadMisfits(schema, { limit: 1.5, tags: {} })).toEqual([
    'needs "query" (string)',
    'wants "limit" as integer',
    'wants "tags" as array',
  ]);
});

test('a field that every object inherits is not there', () => {
  expect(payloadMisfits(PayloadSchema.parse({ required_fields: { toString: 'string' } }), {})).toEqual([
    'needs "toString" (string)',
  ]);
});

test('a JSON Schema is asked beside the fields, and not about what baton adds', () => {
  const json_schema = { properties: { query: { minLength: 3 } }, required: ['query', 'task_id', 'lang'] };
  const both = PayloadSchema.parse({ required_fields: { query: 'string' }, json_schema });
  expect(payloadMisfits(both, { query: 'abc', lang: 'de' })).toEqual([]);
  expect(payloadMisfits(both, { query: 'a' })).toEqual([
    'wants input_data.lang to be there',
    'wants input_data.query with at least 3 characters',
  ]);
});
