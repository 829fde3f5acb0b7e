import { expect, test } from 'vitest';
import { schemaMisfits } from './schema-misfits.ts';

const tooLong = { path: '', wanted: 'under a schema that takes less long to check' };
const q = (type: object) => ({ type: 'object', properties: { q: type }, required: ['q'] });

test.each([
  [q({ type: 'string' }), { q: 'x', more: 1 }],
  [q({ type: ['string', 'null'] }), { q: null }],
  [q({ enum: ['a', { b: 1, c: 2 }] }), { q: { c: 2, b: 1 } }],
  [q({ const: [1, 2] }), { q: [1, 2] }],
  [q({ type: 'integer', minimum: 1, maximum: 3 }), { q: 3 }],
  [q({ multipleOf: 0.1 }), { q: 0.3 }],
  [q({ minLength: 2, maxLength: 2 }), { q: '🥙🥙' }],
  [q({ items: { type: 'number' }, minItems: 1, uniqueItems: true }), { q: [1, 2] }],
  [q({ prefixItems: [{ type: 'string' }], items: { type: 'number' } }), { q: ['a', 1, 2] }],
  [q({ items: [{ type: 'string' }], additionalItems: false }), { q: ['a'] }],
  [q({ contains: { type: 'string' }, maxContains: 1 }), { q: [1, 'a'] }],
  [q({ anyOf: [{ type: 'string' }, { type: 'number' }] }), { q: 1 }],
  [q({ oneOf: [{ type: 'string' }, { minLength: 9 }] }), { q: 'short' }],
  [q({ not: { type: 'string' } }), { q: 1 }],
  [q({ if: { type: 'string' }, else: { type: 'number' } }), { q: 4 }],
  [{ $ref: '#/$defs/it', $defs: { it: q({ type: 'string' }) } }, { q: 'x' }],
  [{ required: ['q'] }, { q: 1 }],
  [{ properties: { a: { minLength: 9 } } }, { a: 5 }],
  [{ dependentRequired: { a: ['b'] } }, { b: 1 }],
  [{ type: 'object', propertyNames: { maxLength: 2 }, minProperties: 1 }, { ab: 1 }],
  [q({ type: 'string', format: 'date' }), { q: 'a format is only a note' }],
  [{}, { anything: 1 }],
])('%j fits %j', (schema, value) => {
  expect(schemaMisfits(schema, value)).toEqual([]);
});

test.each([
  [q({ type: 'string' }), {}, 'q', 'to be there'],
  [{ required: ['q'] }, {}, 'q', 'to be there'],
  [q({ type: 'string' }), { q: 1 }, 'q', 'as string'],
  [q({ type: ['string', 'null'] }), { q: 1 }, 'q', 'as string or null'],
  [q({ enum: ['a', 'b'] }), { q: 'c' }, 'q', 'as one of "a", "b"'],
  [q({ const: { a: 1 } }), { q: { a: 2 } }, 'q', 'as {"a":1}'],
  [q({ minimum: 1 }), { q: 0 }, 'q', 'to be at least 1'],
  [q({ exclusiveMaximum: 1 }), { q: 1 }, 'q', 'below 1'],
  [q({ type: 'integer' }), { q: 1.5 }, 'q', 'as integer'],
  [q({ multipleOf: 3 }), { q: 4 }, 'q', 'as a multiple of 3'],
  [q({ minLength: 1 }), { q: '' }, 'q', 'with at least 1 characters'],
  [q({ items: { type: 'number' } }), { q: [1, 'a'] }, 'q[1]', 'as number'],
  [
    q({ uniqueItems: true }),
    {
      q: [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
    },
    'q',
    'without equal items',
  ],
  [q({ items: [{}], additionalItems: false }), { q: [1, 2] }, 'q[1]', 'not to be there'],
  [q({ contains: { type: 'string' } }), { q: [1] }, 'q', 'with other items'],
  [{ type: 'object', additionalProperties: false }, { a: 1 }, 'a', 'not to be there'],
  [{ propertyNames: { maxLength: 1 } }, { ab: 1 }, 'ab', 'with at most 1 characters'],
  [{ maxProperties: 0 }, { a: 1 }, '', 'with at most 0 fields'],
  [q({ anyOf: [{ type: 'string' }, { minimum: 5 }] }), { q: 1 }, 'q', 'in one of its forms'],
  [q({ oneOf: [{}, {}] }), { q: 1 }, 'q', 'in exactly one of its forms'],
  [q({ not: {} }), { q: 1 }, 'q', 'in another form'],
  [q(JSON.parse('{"if":{"type":"string"},"then":{"minLength":3}}')), { q: 'a' }, 'q', 'with at least 3 characters'],
  [{ dependentRequired: { a: ['b'] } }, { a: 1 }, 'b', 'to be there'],
  [{ dependentSchemas: { a: { required: ['b'] } } }, { a: 1 }, 'b', 'to be there'],
  [{ allOf: [{ required: ['a'] }, false] }, { a: 1 }, '', 'not to be there'],
])('%j does not fit %j: %s is wanted %s', (schema, value, path, wanted) => {
  expect(schemaMisfits(schema, value)).toContainEqual({ path, wanted });
});

test('a schema that refers to itself follows a value to its end', () => {
  const tree = { type: 'object', properties: { next: { $ref: '#' }, n: { type: 'number' } }, required: ['n'] };
  expect(schemaMisfits(tree, { n: 1, next: { n: 2, next: { n: 3 } } })).toEqual([]);
  expect(schemaMisfits(tree, { n: 1, next: { n: 2, next: {} } })).toEqual([
    { path: 'next.next.n', wanted: 'to be there' },
  ]);
});

test.each([
  ['a loop', { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } }],
  [
    'a doubling at each level',
    {
      $ref: '#/$defs/a',
      $defs: { a: { anyOf: [1, 2].map(() => ({ properties: { a: { $ref: '#/$defs/a' } }, required: ['never'] })) } },
    },
  ],
])('%s is given up soon, and fits nothing', (_, schema) => {
  const deep = JSON.parse(`${'{"a":'.repeat(150)}{}${'}'.repeat(150)}`);
  const began = performance.now();
  expect(schemaMisfits(schema, deep)).toEqual([tooLong]);
  expect(performance.now() - began).toBeLessThan(2_000);
});

test('a value too deep to be looked into fits nothing', () => {
  const deep = JSON.parse(`${'[1,'.repeat(50_000)}1${']'.repeat(50_000)}`);
  expect(schemaMisfits({ items: { $ref: '#' } }, deep)).toEqual([tooLong]);
});

test('the names of prototypes are names like others', () => {
  const value = JSON.parse('{"__proto__":{"q":1},"constructor":1}');
  expect(schemaMisfits({ required: ['toString'] }, value)).toEqual([{ path: 'toString', wanted: 'to be there' }]);
  expect(schemaMisfits({ additionalProperties: false }, value)).toHaveLength(2);
  expect(Reflect.get({}, 'q')).toBeUndefined();
});

test('at most five misfits are told', () => {
  expect(schemaMisfits({ required: [...'abcdefgh'] }, {})).toHaveLength(5);
});
