import { z } from 'zod';
import type { PayloadSchema } from '../contracts/agent.ts';
import { BatonError, faultsOf, faultyError } from '../contracts/error.ts';
import { isObject } from '../contracts/json-schema.ts';
import { type AgentPayload, type AgentReply, ownPayloadFields } from '../contracts/payload.ts';
import { type Ask, isAsk } from './question.ts';

type Schemas = Readonly<{ id: string; input?: z.ZodObject; output?: z.ZodType }>;

/** What baton adds to a task's input, in the payload. */
const added: ReadonlySet<string> = new Set([...ownPayloadFields, 'human_answer', 'state']);

/** Keywords that say more than a registry checks: patterns, and that nothing else may be there, while baton adds fields of its own. */
const unchecked: ReadonlySet<string> = new Set(['$schema', 'pattern', 'patternProperties', 'propertyNames']);

/** The part of a zod schema that agents are chosen by; the agent itself checks all of it. */
export function payloadSchemaOf(input: z.ZodObject): Pick<PayloadSchema, 'json_schema'> {
  const { additionalProperties: _, ...schema } = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' });
  return { json_schema: asObject(withoutUnchecked(schema)) };
}

function withoutUnchecked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUnchecked);
  if (!isObject(value)) return value;
  const isName = isObject(value.properties) ? value.properties : {};
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !unchecked.has(key))
      .map(([key, child]) => [key, child === isName ? mapValues(isName) : withoutUnchecked(child)]),
  );
}

/** Names of fields may be called like keywords. */
function mapValues(properties: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, withoutUnchecked(schema)]));
}

function asObject(value: unknown): Record<string, unknown> {
  return isObject(value) ? { ...value } : {};
}

/** The task with its input as the schema gives it. Throws invalid_request that names each fault. */
export function checkedTask({ input }: Schemas, task: AgentPayload): AgentPayload {
  if (input === undefined) return task;
  return { ...parseInput(input, task), ...ownOf(task, input) };
}

function ownOf(task: AgentPayload, input: z.ZodObject): AgentPayload {
  const own = Object.entries(task).filter(([name]) => added.has(name) && !(name === 'state' && 'state' in input.shape));
  return Object.fromEntries(own) as AgentPayload; // baton's own fields of one
}

/** A payload's own input as the schema gives it. Throws invalid_request that names each fault. */
export function parseInput<Input extends z.ZodObject>(input: Input, task: AgentPayload): z.output<Input> {
  const given = Object.entries(task).filter(
    ([name]) => !added.has(name) || (name === 'state' && 'state' in input.shape),
  );
  const parsed = input.safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  throw faultyError('invalid_request', faultsOf(parsed.error), { cause: parsed.error });
}

type Answer = string | AgentReply | Ask;

/** What a handler gave, as the text that stands for it. Throws agent_protocol that names each fault. */
export function checkedAnswer({ id, output }: Schemas, answer: Answer): Answer {
  if (output === undefined) return answer;
  const parsed = output.safeParse(answer);
  if (parsed.success) return { response: JSON.stringify(parsed.data) ?? 'null' };
  if (isAsk(answer)) return answer;
  const faults = faultsOf(parsed.error);
  const { path = '', message = '' } = faults[0] ?? {};
  const text = `The agent "${id}" gave what its output does not allow: ${path === '' ? '' : `${path}: `}${message}`;
  throw new BatonError('agent_protocol', text, { faults, cause: parsed.error });
}

/** What a text stands for that such an agent gave. Throws agent_protocol when it is not what the schema wants. */
export function readAnswer(output: z.ZodType | undefined, text: string, whose: string): unknown {
  if (output === undefined) return text;
  const parsed = output.safeParse(parseJson(text, whose));
  if (parsed.success) return parsed.data;
  const { path = '', message = '' } = faultsOf(parsed.error)[0] ?? {};
  const where = path === '' ? '' : `${path}: `;
  throw new BatonError('agent_protocol', `The result of ${whose} is not of its schema: ${where}${message}`, {
    faults: faultsOf(parsed.error),
    cause: parsed.error,
  });
}

function parseJson(text: string, whose: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BatonError('agent_protocol', `The result of ${whose} is no JSON: ${text.slice(0, 100)}`, { cause });
  }
}
