import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { BatonError, faultsOf } from '../contracts/error.ts';
import { Usage } from '../contracts/result.ts';
import type { Dialect } from './dialect.ts';
import type { ChatMessage } from './message.ts';

/**
 * A value of the schema asked for, or why there is none, in sentences that a model can act on.
 * `text` is what the model said; it is empty when it said nothing.
 */
export type Structured<T> =
  | { readonly ok: true; readonly value: T; readonly usage: Usage | null; readonly text: string }
  | {
      readonly ok: false;
      readonly text: string;
      readonly complaints: readonly string[];
      readonly usage: Usage | null;
    };

/** What a value is asked for with. */
export type StructuredRequest<T> = {
  /** The schema's name on the wire: letters, digits, "_" and "-". */
  readonly name: string;
  /** No records and no optionals: OpenAI's strict mode has neither, and zodResponseFormat throws on them. */
  readonly schema: z.ZodType<T>;
  readonly messages: readonly ChatMessage[];
  readonly signal: AbortSignal;
};

/** The part of a chat completion that is read; foreign servers leave fields out, so it is checked and not believed. */
const Completion = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        finish_reason: z.string().nullish(),
        message: z.looseObject({ content: z.string().nullish(), refusal: z.string().nullish() }),
      }),
    )
    .min(1),
  usage: Usage.nullish().catch(null),
});
type Choice = z.infer<typeof Completion>['choices'][number];

const MAX_COMPLAINTS = 20;

/** The messages and the format parameter for a schema, in the best form that this server understands. */
export function structuredBody<T>(request: StructuredRequest<T>, dialect: Dialect) {
  const format = zodResponseFormat(request.schema, request.name);
  if (dialect.format === 'json_schema') return { messages: [...request.messages], response_format: format };
  const order = `Answer with one JSON object and nothing else. It must satisfy this JSON schema, named "${request.name}":
${JSON.stringify(format.json_schema.schema)}`;
  const messages = withOrder(request.messages, order);
  return dialect.format === 'json_object' ? { messages, response_format: { type: dialect.format } } : { messages };
}

/** Chat templates of small models take one system message, at the start: the order joins it. */
function withOrder(messages: readonly ChatMessage[], order: string): ChatMessage[] {
  const [first, ...rest] = messages;
  if (first?.role !== 'system') return [{ role: 'system', content: order }, ...messages];
  return [{ role: 'system', content: `${first.content}\n\n${order}` }, ...rest];
}

/** Reads the model's answer. Throws `model_unavailable` only when it is no chat completion at all. */
export function readStructured<T>(answer: unknown, schema: z.ZodType<T>): Structured<T> {
  const completion = Completion.safeParse(answer);
  const choice = completion.data?.choices[0];
  if (choice === undefined) {
    throw new BatonError('model_unavailable', 'The model answered in a form that is not a chat completion.', {
      cause: completion.error,
    });
  }
  const usage = completion.data?.usage ?? null;
  const text = choice.message.content ?? '';
  const failure = failureOf(choice);
  if (failure !== null) return { ok: false, text, complaints: [failure], usage };
  return { ...toValue(text, schema), text, usage };
}

function failureOf({ message, finish_reason }: Choice): string | null {
  if (message.refusal) return `the model refused: ${message.refusal.slice(0, 300)}`;
  if (finish_reason === 'length') return 'the answer was cut off at the token limit: answer with less text';
  if (finish_reason === 'content_filter') return "the answer was withheld by the server's content filter";
  if ((message.content ?? '').trim() === '') return 'the answer is empty';
  return null;
}

type Value<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly complaints: string[] };

function toValue<T>(text: string, schema: z.ZodType<T>): Value<T> {
  const json = parseJson(text);
  if (json.error !== null) return { ok: false, complaints: [`the answer is not valid JSON: ${json.error}`] };
  const parsed = schema.safeParse(json.value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const complaints = faultsOf(parsed.error).map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return { ok: false, complaints: complaints.slice(0, MAX_COMPLAINTS) };
}

function parseJson(text: string): { value: unknown; error: string | null } {
  try {
    return { value: JSON.parse(withoutFence(text)), error: null };
  } catch (thrown) {
    return { value: undefined, error: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

/** Models that are only told in words to write JSON like to wrap it as Markdown (the seed strips the fences too). */
function withoutFence(text: string): string {
  return /^\s*```[a-z]*\n([\s\S]*?)\n?```\s*$/i.exec(text)?.[1] ?? text;
}
