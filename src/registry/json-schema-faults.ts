import type { Fault } from '../contracts/error.ts';

/** Keywords whose values hold data, not schemas. */
const data: ReadonlySet<string> = new Set(['enum', 'const', 'default', 'examples', 'required', 'dependentRequired']);
/** Keywords whose values hold schemas by names of the agent's. */
const named: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions', 'dependentSchemas']);
/** Regular expressions of others can be made to run for ever. */
const patterns: ReadonlySet<string> = new Set(['pattern', 'patternProperties']);
const references: ReadonlySet<string> = new Set(['$ref', '$dynamicRef', '$recursiveRef']);

type Place = { readonly path: string; readonly value: unknown; readonly names?: boolean };

/** What a JSON Schema from outside may not have: patterns, and references that lead out of itself. `path` is where it lies. */
export function schemaFaults(path: string, schema: unknown): readonly Fault[] {
  const faults: Fault[] = [];
  let level: readonly Place[] = [{ path, value: schema }];
  while (level.length > 0) {
    faults.push(...level.flatMap(faultsAt));
    level = level.flatMap(placesBelow);
  }
  return faults;
}

function faultsAt({ path, value, names = false }: Place): readonly Fault[] {
  if (names || !isContainer(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    if (patterns.has(key)) return [{ path: `${path}.${key}`, message: 'expected a schema without patterns' }];
    if (!references.has(key) || (typeof item === 'string' && item.startsWith('#'))) return [];
    return [{ path: `${path}.${key}`, message: 'expected a reference within the schema, beginning with "#"' }];
  });
}

function placesBelow({ path, value, names = false }: Place): readonly Place[] {
  if (!isContainer(value)) return [];
  return Object.entries(value)
    .filter(([key]) => names || !data.has(key))
    .map(([key, item]) => ({
      path: Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`,
      value: item,
      names: !names && named.has(key),
    }));
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
