import { expect, test } from 'vitest';
import { PayloadSchema } from '../../contracts/agent.ts';
import { BatonError, type Fault } from '../../contracts/error.ts';
import { openPayloadCheck } from './payload-check.ts';

const own = { task_id: 't1', description: 'Say it.', context: {}, failed_context: {} };

function faultsOf(schema: Partial<PayloadSchema>, input: object): readonly Fault[] {
  try {
    openPayloadCheck(PayloadSchema.parse(schema))({ ...own, ...input });
    return [];
  } catch (thrown) {
    if (thrown instanceof BatonError && thrown.code === 'invalid_request') return thrown.faults;
    throw thrown;
  }
}

test('an agent that declares nothing takes everything', () => {
  expect(faultsOf({}, { anything: [1] })).toEqual([]);
});

test('every field that does not fit is named, with how it is wanted', () => {
  const schema = { required_fields: { query: 'string', task_id: 'string' }, optional_fields: { limit: 'integer' } };
  expect(faultsOf(schema, { query: 'x', limit: 2, more: true })).toEqual([]);
  expect(faultsOf(schema, { limit: 'two' })).toEqual([
    { path: 'query', message: 'expected it to be there, as string' },
    { path: 'limit', message: 'expected it as integer' },
  ]);
});

test('a JSON Schema is of the input: strict ones do not see what baton adds, unless they name it', () => {
  const json_schema = {
    type: 'object',
    properties: { query: { type: 'string' } },
    required: ['query'],
    additionalProperties: false,
  };
  expect(faultsOf({ json_schema }, { query: 'x' })).toEqual([]);
  expect(faultsOf({ json_schema }, { query: 'x', human_answer: { text: 'yes', resume: '' } })).toEqual([]);
  expect(faultsOf({ json_schema }, {})).toEqual([{ path: 'query', message: 'expected it to be there' }]);
  expect(faultsOf({ json_schema }, { query: 'x', more: 1 })).toEqual([
    { path: 'more', message: 'expected it not to be there' },
  ]);
  const named = { ...json_schema, properties: { ...json_schema.properties, description: { minLength: 99 } } };
  expect(faultsOf({ json_schema: named }, { query: 'x' })).toEqual([
    { path: 'description', message: 'expected it with at least 99 characters' },
  ]);
});

test('what a JSON Schema says without a type, or by if and required, holds', () => {
  expect(faultsOf({ json_schema: { required: ['query'] } }, {})).toEqual([
    { path: 'query', message: 'expected it to be there' },
  ]);
  const json_schema = JSON.parse('{"if":{"required":["a"]},"then":{"required":["b"]}}');
  expect(faultsOf({ json_schema }, { a: 1 })).toEqual([{ path: 'b', message: 'expected it to be there' }]);
});
