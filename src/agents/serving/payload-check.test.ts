import { expect, test } from 'vitest';
import type { PayloadSchema } from '../../contracts/agent.ts';
import { BatonError, type Fault } from '../../contracts/error.ts';
import { openPayloadCheck } from './payload-check.ts';

const own = { task_id: 't1', description: 'Say it.', context: {}, failed_context: {} };

function faultsOf(schema: Partial<PayloadSchema> | undefined, input: object): readonly Fault[] {
  try {
    openPayloadCheck(schema)({ ...own, ...input });
    return [];
  } catch (thrown) {
    if (thrown instanceof BatonError && thrown.code === 'invalid_request') return thrown.faults;
    throw thrown;
  }
}

test('an agent that declares nothing takes everything', () => {
  expect(faultsOf(undefined, { anything: [1] })).toEqual([]);
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
  const schema = { required_fields: { field: type } };
  expect(faultsOf(schema, { field: fits })).toEqual([]);
  expect(faultsOf(schema, { field: misfit })).toMatchObject([{ path: 'field' }]);
  expect(faultsOf(schema, {})).toEqual([{ path: 'field', message: `expected ${type}, came nothing` }]);
  expect(faultsOf({ optional_fields: { field: type } }, {})).toEqual([]);
  expect(faultsOf({ optional_fields: { field: type } }, { field: misfit })).toHaveLength(1);
});

test('a type that has no known name is taken as it comes', () => {
  expect(faultsOf({ required_fields: { field: 'embedding' } }, { field: 1 })).toEqual([]);
});

test('a field of a plain object is not there only because every object has it', () => {
  expect(faultsOf({ required_fields: { toString: 'string' } }, {})).toHaveLength(1);
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
  expect(faultsOf({ json_schema }, {})).toMatchObject([{ path: 'query' }]);
  expect(faultsOf({ json_schema }, { query: 'x', more: 1 })).toHaveLength(1);
  const named = { ...json_schema, properties: { ...json_schema.properties, description: { type: 'string' } } };
  expect(faultsOf({ json_schema: named }, { query: 'x' })).toEqual([]);
});
