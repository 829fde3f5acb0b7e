import { expect, test } from 'vitest';
import { schemaFaults } from './json-schema-faults.ts';

const paths = (schema: unknown) => schemaFaults('s', schema).map(({ path }) => path);

test('patterns are refused wherever a schema can stand', () => {
  expect(paths({ pattern: 'a' })).toEqual(['s.pattern']);
  expect(paths({ patternProperties: {} })).toEqual(['s.patternProperties']);
  expect(paths({ properties: { a: { items: { anyOf: [{}, { pattern: 'a' }] } } } })).toEqual([
    's.properties.a.items.anyOf[1].pattern',
  ]);
});

test('references may stay within the schema and not lead out of it', () => {
  expect(paths({ $ref: '#/$defs/a', $defs: { a: { $ref: 'http://127.0.0.1/a.json' } } })).toEqual(['s.$defs.a.$ref']);
  expect(paths({ allOf: [{ $ref: 1 }] })).toEqual(['s.allOf[0].$ref']);
});

test('fields and values that are called like a keyword are none', () => {
  expect(paths({ properties: { pattern: { type: 'string' }, $ref: {} }, required: ['pattern'] })).toEqual([]);
  expect(paths({ enum: [{ pattern: 'a' }], const: { $ref: 'x' }, default: { pattern: 'a' } })).toEqual([]);
  expect(paths(undefined)).toEqual([]);
});
