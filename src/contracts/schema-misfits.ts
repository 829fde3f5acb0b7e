import { isObject, resolveSchema } from './json-schema.ts';

/** Steps of one check. A schema can be written so that checking takes for ever: such a one fits nothing. */
const MAX_STEPS = 200_000;
/** How deep a value is looked into. */
const MAX_DEPTH = 200;
/** Misfits that are told of one value. */
const MAX_MISFITS = 5;

/** Where a value is not what was asked for (`tags[0].name`, empty for the whole), and how it was wanted: "as integer", "to be there". */
export type Misfit = Readonly<{ path: string; wanted: string }>;

type Keywords = Readonly<Record<string, unknown>>;

/** One check on its way: what is left of its steps, shared by all of its parts, and what it has found. */
type Check = { readonly root: unknown; readonly fuel: { left: number }; readonly misfits: Misfit[] };
type Place = Readonly<{ path: string; depth: number }>;

/**
 * What keeps a value from a JSON Schema that has no faults (json-schema.ts); empty when it fits. Formats are notes and not checked, as
 * the specification has it.
 */
export function schemaMisfits(schema: Keywords, value: unknown): readonly Misfit[] {
  const check: Check = { root: schema, fuel: { left: MAX_STEPS }, misfits: [] };
  visit(schema, value, { path: '', depth: 0 }, check);
  if (check.fuel.left <= 0) return [{ path: '', wanted: 'under a schema that takes less long to check' }];
  return check.misfits.slice(0, MAX_MISFITS);
}

function visit(schema: unknown, value: unknown, at: Place, check: Check): void {
  check.fuel.left -= 1;
  if (at.depth > MAX_DEPTH) check.fuel.left = 0;
  if (check.fuel.left <= 0 || schema === true) return;
  if (!isObject(schema)) return void tell(check, at, 'not to be there');
  if (schema.$ref !== undefined) visit(resolveSchema(check.root, schema.$ref), value, deeper(at), check);
  visitValue(schema, value, at, check);
  visitCombined(schema, value, at, check);
  if (typeof value === 'number') visitNumber(schema, value, at, check);
  if (typeof value === 'string') visitText(schema, value, at, check);
  if (Array.isArray(value)) visitList(schema, value, at, check);
  if (isObject(value)) visitObject(schema, value, at, check);
}

function tell(check: Check, { path }: Place, wanted: string): void {
  if (check.misfits.length < MAX_MISFITS) check.misfits.push({ path, wanted });
}

/** The same place, seen by another schema: deeper in the schemas, not in the value. */
function deeper({ path, depth }: Place): Place {
  return { path, depth: depth + 1 };
}

function below({ path, depth }: Place, key: string | number): Place {
  const step = typeof key === 'number' ? `[${key}]` : `${path === '' ? '' : '.'}${key.slice(0, 64)}`;
  return { path: `${path}${step}`, depth: depth + 1 };
}

/** Whether a value fits a part of the schema, where that alone is no misfit. */
function fits(schema: unknown, value: unknown, at: Place, check: Check): boolean {
  const quiet: Check = { ...check, misfits: [] };
  visit(schema, value, deeper(at), quiet);
  return quiet.misfits.length === 0;
}

function visitValue(schema: Keywords, value: unknown, at: Place, check: Check): void {
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length > 0 && !types.some((type) => isOfType(type, value))) tell(check, at, `as ${types.join(' or ')}`);
  if (schema.const === undefined && !Array.isArray(schema.enum)) return;
  const key = keyOf(value, check);
  if (schema.const !== undefined && keyOf(schema.const, check) !== key) tell(check, at, `as ${shown(schema.const)}`);
  if (Array.isArray(schema.enum) && !schema.enum.some((known) => keyOf(known, check) === key))
    tell(check, at, `as one of ${schema.enum.slice(0, 10).map(shown).join(', ')}`);
}

function isOfType(type: unknown, value: unknown): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  return type === 'null' ? value === null : typeof value === type;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? '').slice(0, 40);
}

/** Equal for equal values, whatever the order of their keys. */
function keyOf(value: unknown, check: Check): string {
  const text = JSON.stringify(value, (_, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
  check.fuel.left -= Math.ceil((text?.length ?? 0) / 100);
  return text ?? '';
}

function visitCombined(schema: Keywords, value: unknown, at: Place, check: Check): void {
  for (const part of listOf(schema.allOf)) visit(part, value, deeper(at), check);
  const any = listOf(schema.anyOf);
  if (any.length > 0 && !any.some((part) => fits(part, value, at, check))) tell(check, at, 'in one of its forms');
  const exactly = listOf(schema.oneOf);
  if (exactly.length > 0 && exactly.filter((part) => fits(part, value, at, check)).length !== 1)
    tell(check, at, 'in exactly one of its forms');
  if (schema.not !== undefined && fits(schema.not, value, at, check)) tell(check, at, 'in another form');
  if (schema.if === undefined) return;
  const then = fits(schema.if, value, at, check) ? schema.then : schema.else;
  if (then !== undefined) visit(then, value, deeper(at), check);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function visitNumber(schema: Keywords, value: number, at: Place, check: Check): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (typeof minimum === 'number' && value < minimum) tell(check, at, `to be at least ${minimum}`);
  if (typeof maximum === 'number' && value > maximum) tell(check, at, `to be at most ${maximum}`);
  if (typeof exclusiveMinimum === 'number' && value <= exclusiveMinimum) tell(check, at, `above ${exclusiveMinimum}`);
  if (typeof exclusiveMaximum === 'number' && value >= exclusiveMaximum) tell(check, at, `below ${exclusiveMaximum}`);
  if (typeof multipleOf === 'number' && !isMultiple(value, multipleOf))
    tell(check, at, `as a multiple of ${multipleOf}`);
}

/** As exact as numbers are: 0.3 is a multiple of 0.1. */
function isMultiple(value: number, of: number): boolean {
  const times = value / of;
  return Math.abs(times - Math.round(times)) <= 1e-9 * Math.max(1, Math.abs(times));
}

function visitText(schema: Keywords, value: string, at: Place, check: Check): void {
  const { minLength, maxLength } = schema;
  if (minLength === undefined && maxLength === undefined) return;
  const length = [...value].length;
  if (typeof minLength === 'number' && length < minLength) tell(check, at, `with at least ${minLength} characters`);
  if (typeof maxLength === 'number' && length > maxLength) tell(check, at, `with at most ${maxLength} characters`);
}

function visitList(schema: Keywords, value: readonly unknown[], at: Place, check: Check): void {
  const { minItems, maxItems, uniqueItems, contains, minContains = 1, maxContains } = schema;
  if (typeof minItems === 'number' && value.length < minItems) tell(check, at, `with at least ${minItems} items`);
  if (typeof maxItems === 'number' && value.length > maxItems) tell(check, at, `with at most ${maxItems} items`);
  if (uniqueItems === true && new Set(value.map((item) => keyOf(item, check))).size < value.length)
    tell(check, at, 'without equal items');
  const first = Array.isArray(schema.items) ? schema.items : listOf(schema.prefixItems);
  const rest = Array.isArray(schema.items) ? schema.additionalItems : schema.items;
  for (const [index, item] of value.entries()) {
    const part = index < first.length ? first[index] : rest;
    if (part !== undefined) visit(part, item, below(at, index), check);
  }
  if (contains === undefined) return;
  const found = value.filter((item, index) => fits(contains, item, below(at, index), check)).length;
  if (found < Number(minContains) || (maxContains !== undefined && found > Number(maxContains)))
    tell(check, at, 'with other items');
}

function visitObject(schema: Keywords, value: Keywords, at: Place, check: Check): void {
  const { minProperties, maxProperties, propertyNames, additionalProperties } = schema;
  const names = Object.keys(value);
  if (typeof minProperties === 'number' && names.length < minProperties)
    tell(check, at, `with at least ${minProperties} fields`);
  if (typeof maxProperties === 'number' && names.length > maxProperties)
    tell(check, at, `with at most ${maxProperties} fields`);
  for (const name of requiredOf(schema, value))
    if (!Object.hasOwn(value, name)) tell(check, below(at, name), 'to be there');
  const known = isObject(schema.properties) ? schema.properties : {};
  for (const name of names) {
    const part = Object.hasOwn(known, name) ? known[name] : additionalProperties;
    if (part !== undefined) visit(part, value[name], below(at, name), check);
    if (propertyNames !== undefined) visit(propertyNames, name, below(at, name), check);
  }
  if (!isObject(schema.dependentSchemas)) return;
  for (const [name, part] of Object.entries(schema.dependentSchemas))
    if (Object.hasOwn(value, name)) visit(part, value, deeper(at), check);
}

function requiredOf({ required, dependentRequired }: Keywords, value: Keywords): readonly string[] {
  const dependent = isObject(dependentRequired) ? Object.entries(dependentRequired) : [];
  const lists = [required, ...dependent.flatMap(([name, needed]) => (Object.hasOwn(value, name) ? [needed] : []))];
  return lists.flatMap(listOf).map(String);
}
