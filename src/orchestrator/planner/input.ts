import type { AgentDescriptor, Capability } from '../../contracts/agent.ts';
import type { Fault } from '../../contracts/error.ts';
import { limits } from '../../contracts/limits.ts';
import { ownPayloadFields } from '../../contracts/payload.ts';
import { clean } from './text.ts';

type Field = { readonly name: string; readonly value: string | number | boolean };
type DraftInput = { readonly required_capability: Capability; readonly input_data: readonly Field[] };

/** A name that a plan may give a field of input_data; `__proto__` is none. */
export function isFieldName(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(name);
}

/**
 * Named values as a task's input_data. A value takes the type that an agent of the capability names for its field: a
 * number or a list may come as text. Faults: a field name of another form, one given twice, and required fields that
 * leave no agent of the capability able to take the task.
 */
export function toInputData(
  task: DraftInput,
  agents: readonly AgentDescriptor[],
): { data: Record<string, unknown>; faults: readonly Fault[] } {
  const able = agents.filter((agent) => agent.capabilities.includes(task.required_capability));
  const fields = new Map<string, unknown>();
  const faults: Fault[] = [];
  for (const { name, value } of task.input_data) {
    const fault = faultOfName(name, fields);
    if (fault === null) fields.set(name, withType(value, typeOf(name, able)));
    else faults.push({ path: 'input_data', message: fault });
  }
  const missing = missingFields(fields, able);
  if (missing !== null) faults.push({ path: 'input_data', message: missing });
  return { data: Object.fromEntries(fields), faults };
}

function faultOfName(name: string, fields: ReadonlyMap<string, unknown>): string | null {
  const shown = JSON.stringify(name.slice(0, 64));
  if (!isFieldName(name)) return `${shown} is no field name: expected letters, digits, "_", "." or "-"`;
  return fields.has(name) ? `the field ${shown} is given twice` : null;
}

function typeOf(name: string, agents: readonly AgentDescriptor[]): string | undefined {
  for (const { payload_schema } of agents) {
    const types = { ...payload_schema.optional_fields, ...payload_schema.required_fields };
    if (Object.hasOwn(types, name)) return types[name];
  }
  return undefined;
}

/** The value in the type that is asked for, when its text can be read as such; else the value as it came. */
function withType(value: Field['value'], type: string | undefined): unknown {
  if (typeof value !== 'string') return type === 'string' ? String(value) : value;
  const text = clean(value, limits.inputBytes);
  if (type === undefined || /^str|^text/i.test(type)) return text;
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON, so it stays text: the agent that asked for another type refuses it in words of its own.
    return text;
  }
}

/** Null when some agent finds all it requires, or when there is no agent to ask. */
function missingFields(fields: ReadonlyMap<string, unknown>, agents: readonly AgentDescriptor[]): string | null {
  const lacks = agents.map((agent) =>
    Object.keys(agent.payload_schema.required_fields).filter(
      (name) => !fields.has(name) && !ownPayloadFields.has(name),
    ),
  );
  const fewest = lacks.toSorted((left, right) => left.length - right.length)[0];
  if (fewest === undefined || fewest.length === 0) return null;
  return `the agents of this capability require: ${fewest.join(', ')}`;
}
