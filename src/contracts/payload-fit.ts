import type { PayloadSchema } from './agent.ts';
import { isObject } from './json-schema.ts';
import { ownPayloadFields } from './payload.ts';
import { type Misfit, schemaMisfits } from './schema-misfits.ts';

/** The type names that agents use, in their usual spellings; a name that is not here is taken as it comes. */
const isOfType: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ...['string', 'str', 'text'].map((name) => [name, (value: unknown) => typeof value === 'string'] as const),
  ...['number', 'float'].map((name) => [name, (value: unknown) => typeof value === 'number'] as const),
  ...['integer', 'int'].map((name) => [name, Number.isInteger] as const),
  ...['boolean', 'bool'].map((name) => [name, (value: unknown) => typeof value === 'boolean'] as const),
  ...['array', 'list'].map((name) => [name, Array.isArray] as const),
  ...['object', 'dict'].map((name) => [name, isObject] as const),
]);

/**
 * What keeps a task's input from an agent (mission A4): required fields that are not there, and fields of another type than the
 * agent names, and what its JSON Schema has against the input. Empty when it fits. What baton itself puts into every payload need not be in the input.
 */
export function payloadMisfits(schema: PayloadSchema, input: Readonly<Record<string, unknown>>): readonly Misfit[] {
  const required = Object.entries(schema.required_fields).filter(([name]) => !ownPayloadFields.has(name));
  const missing = required.filter(([name]) => !Object.hasOwn(input, name));
  const mistyped = [...required, ...Object.entries(schema.optional_fields)].filter(
    ([name, type]) => Object.hasOwn(input, name) && !(isOfType.get(type.toLowerCase())?.(input[name]) ?? true),
  );
  return [
    ...missing.map(([path, type]) => ({ path, wanted: `to be there, as ${type}` })),
    ...mistyped.map(([path, type]) => ({ path, wanted: `as ${type}` })),
    ...(schema.json_schema === undefined ? [] : schemaMisfits(ofInput(schema.json_schema), input)),
  ];
}

/** Why an agent is passed over. */
export function misfitText({ path, wanted }: Misfit): string {
  return `wants ${path === '' ? 'input_data' : `"${path}"`} ${wanted}`;
}

/** A schema may be one of the whole payload: what baton adds is there by then. */
function ofInput(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!Array.isArray(schema.required)) return schema;
  return { ...schema, required: schema.required.filter((name) => !ownPayloadFields.has(name)) };
}
