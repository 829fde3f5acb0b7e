// JSON Schema (2020-12, and what draft 7 has besides) as far as baton checks inputs by it. Registrants write these schemas, so there
// is no regular expression in them and no reference out of them: the one could be made to run for hours, the other to call somewhere.

/** A schema: an object of keywords, or true for anything and false for nothing. */
export type JsonSchema = boolean | Readonly<Record<string, unknown>>;

export type SchemaFault = Readonly<{ path: string; message: string }>;

/** Faults that are told of one schema. */
const MAX_FAULTS = 20;

/** Keywords that hold one schema, a list of schemas (`items` of draft 7 too), and schemas by name. */
const one = [
  'items',
  'additionalItems',
  'contains',
  'additionalProperties',
  'propertyNames',
  'not',
  'if',
  'then',
  'else',
];
const many = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const named = ['properties', 'dependentSchemas', '$defs', 'definitions'];

const counts = [
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minContains',
  'maxContains',
  'minProperties',
  'maxProperties',
];
const numbers = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'];

const jsonTypes: ReadonlySet<unknown> = new Set(['string', 'number', 'integer', 'boolean', 'array', 'object', 'null']);

const refused: Readonly<Record<string, string>> = {
  pattern: 'patterns are not taken: they could be made to run for ever',
  patternProperties: 'patterns are not taken: they could be made to run for ever',
  $dynamicRef: 'only references by $ref are taken',
  $recursiveRef: 'only references by $ref are taken',
  unevaluatedProperties: 'expected additionalProperties instead',
  unevaluatedItems: 'expected items instead',
  dependencies: 'expected dependentRequired or dependentSchemas instead',
};

/** What baton cannot or will not check of a schema, with where it is; empty for one that it can. */
export function schemaFaults(root: Readonly<Record<string, unknown>>): readonly SchemaFault[] {
  const faults: SchemaFault[] = [];
  const visit = (schema: unknown, path: string): void => {
    if (faults.length >= MAX_FAULTS || typeof schema === 'boolean') return;
    if (!isObject(schema)) return void faults.push({ path, message: 'expected a schema: an object, true or false' });
    faults.push(...faultsAt(schema, root).map(({ path: key, message }) => ({ path: `${path}/${key}`, message })));
    for (const [key, child] of childrenOf(schema)) visit(child, `${path}/${key}`);
  };
  visit(root, '');
  return faults.slice(0, MAX_FAULTS);
}

/** The schema that a local reference (`#`, `#/$defs/x`) names; undefined for any other reference, or when there is none. */
export function resolveSchema(root: unknown, reference: unknown): unknown {
  if (typeof reference !== 'string' || !/^#(\/|$)/.test(reference)) return undefined;
  const steps = reference.slice(1).split('/').slice(1);
  return steps.reduce<unknown>((at, step) => {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(at)) return at[Number(key)];
    return isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }, root);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The schemas directly below one, with their keywords. */
function childrenOf(schema: Readonly<Record<string, unknown>>): readonly (readonly [string, unknown])[] {
  return Object.entries(schema).flatMap(([key, value]): readonly (readonly [string, unknown])[] => {
    if (many.includes(key) || (key === 'items' && Array.isArray(value)))
      return Array.isArray(value) ? value.map((item, index) => [`${key}/${index}`, item] as const) : [];
    if (one.includes(key)) return [[key, value]];
    return named.includes(key) && isObject(value)
      ? Object.entries(value).map(([name, child]) => [`${key}/${name}`, child] as const)
      : [];
  });
}

/** The faults of one schema's own keywords; unknown ones are passed over, as the specification has it. */
function faultsAt(schema: Readonly<Record<string, unknown>>, root: unknown): readonly SchemaFault[] {
  return Object.entries(schema).flatMap(([key, value]) => {
    const message = faultOf(key, value, root);
    return message === null ? [] : [{ path: key, message }];
  });
}

function faultOf(key: string, value: unknown, root: unknown): string | null {
  const reason = Object.hasOwn(refused, key) ? refused[key] : undefined;
  if (reason !== undefined) return reason;
  if (key === '$ref') return referenceFault(value, root);
  if (key === 'format' && value === 'regex') return 'patterns are not taken: they could be made to run for ever';
  if (key === 'type') return [value].flat().every((type) => jsonTypes.has(type)) ? null : 'expected a type of JSON';
  if (key === 'enum') return Array.isArray(value) ? null : 'expected a list';
  if (key === 'required') return isNames(value) ? null : 'expected a list of names';
  if (key === 'dependentRequired')
    return isObject(value) && Object.values(value).every(isNames) ? null : 'expected lists of names by name';
  if (counts.includes(key)) return Number.isInteger(value) && Number(value) >= 0 ? null : 'expected a count';
  if (numbers.includes(key))
    return typeof value === 'number' && (key !== 'multipleOf' || value > 0) ? null : 'expected a number';
  if (many.includes(key)) return Array.isArray(value) && value.length > 0 ? null : 'expected a list of schemas';
  return named.includes(key) && !isObject(value) ? 'expected schemas by name' : null;
}

function referenceFault(reference: unknown, root: unknown): string | null {
  const found = resolveSchema(root, reference);
  return typeof found === 'boolean' || isObject(found)
    ? null
    : 'expected a reference within this schema, such as #/$defs/name';
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}
