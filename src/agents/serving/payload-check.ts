import { z } from 'zod';
import { PayloadSchema } from '../../contracts/agent.ts';
import { BatonError, type Fault, faultsOf, faultyError } from '../../contracts/error.ts';
import { type AgentPayload, ownPayloadFields } from '../../contracts/payload.ts';

/** Throws invalid_request that names each field in which a payload is not what the agent expects. */
export type PayloadCheck = (task: AgentPayload) => void;

/** The type names that agents use; a field of another name is taken as it comes. */
const types: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ...['string', 'str', 'text'].map((name) => [name, (value: unknown) => typeof value === 'string'] as const),
  ...['number', 'float'].map((name) => [name, (value: unknown) => typeof value === 'number'] as const),
  ...['integer', 'int'].map((name) => [name, Number.isInteger] as const),
  ...['boolean', 'bool'].map((name) => [name, (value: unknown) => typeof value === 'boolean'] as const),
  ...['array', 'list'].map((name) => [name, Array.isArray] as const),
  ...['object', 'dict'].map((name) => [name, isRecord] as const),
]);

/** What is not the task's: baton's own fields, and the answer of a human, which comes with a later call. */
const added: ReadonlySet<string> = new Set([...ownPayloadFields, 'human_answer']);

/** Makes a check of what an agent declares. Throws config_invalid for a JSON Schema that cannot be used. */
export function openPayloadCheck(declared: Partial<PayloadSchema> | undefined): PayloadCheck {
  const schema = PayloadSchema.parse(declared ?? {});
  const whole = schema.json_schema === undefined ? null : toSchema(schema.json_schema);
  return (task) => {
    const faults = [...fieldFaults(schema, task), ...(whole === null ? [] : schemaFaults(whole, schema, task))];
    if (faults.length > 0) throw faultyError('invalid_request', faults);
  };
}

function fieldFaults(schema: PayloadSchema, task: AgentPayload): readonly Fault[] {
  const required = Object.entries(schema.required_fields);
  return [...required, ...Object.entries(schema.optional_fields)].flatMap(([path, type], index) => {
    const given = Object.hasOwn(task, path);
    if (!given && index >= required.length) return [];
    if (!given) return ownPayloadFields.has(path) ? [] : [{ path, message: `expected ${type}, came nothing` }];
    const fits = types.get(type.toLowerCase())?.(task[path]) ?? true;
    return fits ? [] : [{ path, message: `expected ${type}, came ${nameOf(task[path])}` }];
  });
}

/** The schema is of input_data: baton's own fields are kept from it, unless it speaks of them. */
function schemaFaults(whole: z.ZodType, { json_schema = {} }: PayloadSchema, task: AgentPayload): readonly Fault[] {
  const properties = isRecord(json_schema.properties) ? json_schema.properties : {};
  const named = new Set([...Object.keys(properties), ...[json_schema.required].flat()]);
  const input = Object.entries(task).filter(([name]) => !added.has(name) || named.has(name));
  const parsed = whole.safeParse(Object.fromEntries(input));
  return parsed.success ? [] : faultsOf(parsed.error);
}

function toSchema(schema: Readonly<Record<string, unknown>>): z.ZodType {
  try {
    return z.fromJSONSchema(schema);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BatonError('config_invalid', `payload_schema.json_schema cannot be used: ${reason}`, { cause });
  }
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
