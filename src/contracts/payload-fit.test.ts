import { expect, test } from 'vitest';
import { PayloadSchema } from './agent.ts';
import { misfitText, payloadMisfits } from './payload-fit.ts';

const schema = PayloadSchema.parse({
  required_fields: { query: 'string', limit: 'integer', task_id: 'string' },
  optional_fields: { tags: 'array', odd: 'a colour' },
});

test('input with all required fields of the named types fits; more fields are welcome', () => {
  expect(payloadMisfits(schema, { query: 'x', limit: 3, tags: [], odd: 1, more: true })).toEqual([]);
});

test('what is missing or of another type is named; what baton gives itself is not asked of the plan', () => {
  expect(payloadMisfits(schema, { limit: 1.5, tags: {} })).toEqual([
    { path: 'query', wanted: 'to be there, as string' },
    { path: 'limit', wanted: 'as integer' },
    { path: 'tags', wanted: 'as array' },
  ]);
});

test('a field that every object inherits is not there', () => {
  expect(payloadMisfits(PayloadSchema.parse({ required_fields: { toString: 'string' } }), {})).toEqual([
    { path: 'toString', wanted: 'to be there, as string' },
  ]);
});

test('a JSON Schema is asked beside the fields, and not about what baton adds', () => {
  const json_schema = { properties: { query: { minLength: 3 } }, required: ['query', 'task_id', 'lang'] };
  const both = PayloadSchema.parse({ required_fields: { query: 'string' }, json_schema });
  expect(payloadMisfits(both, { query: 'abc', lang: 'de' })).toEqual([]);
  expect(payloadMisfits(both, { query: 'a' })).toEqual([
    { path: 'lang', wanted: 'to be there' },
    { path: 'query', wanted: 'with at least 3 characters' },
  ]);
});

test('a misfit says which field is wanted how, or that it is the whole', () => {
  expect(misfitText({ path: 'tags[0]', wanted: 'as string' })).toBe('wants "tags[0]" as string');
  expect(misfitText({ path: '', wanted: 'with at most 2 fields' })).toBe('wants input_data with at most 2 fields');
});

test.each([
  ['string', 'x', 1],
  ['str', 'x', null],
  ['number', 1.5, '1.5'],
  ['int', 2, 2.5],
  ['bool', false, 0],
  ['list', [], {}],
  ['dict', {}, []],
])('a field of type %s', (type, fits, misfit) => {
  const required = PayloadSchema.parse({ required_fields: { field: type } });
  const optional = PayloadSchema.parse({ optional_fields: { field: type } });
  expect(payloadMisfits(required, { field: fits })).toEqual([]);
  expect(payloadMisfits(required, { field: misfit })).toEqual([{ path: 'field', wanted: `as ${type}` }]);
  expect(payloadMisfits(required, {})).toEqual([{ path: 'field', wanted: `to be there, as ${type}` }]);
  expect(payloadMisfits(optional, {})).toEqual([]);
  expect(payloadMisfits(optional, { field: misfit })).toEqual([{ path: 'field', wanted: `as ${type}` }]);
});
