import { APIError } from 'openai';

/** What one server was found to understand. It begins with everything and only ever shrinks, one lesson per rejection. */
export type Dialect = {
  /** How a schema is asked for: enforced by the server, only "some JSON", or by words in the prompt. */
  readonly format: 'json_schema' | 'json_object' | 'text';
  readonly temperature: boolean;
  readonly streamUsage: boolean;
  readonly tokenField: 'max_tokens' | 'max_completion_tokens';
};

/** What OpenAI's own gpt-4o understands, and most servers that copy it. */
export const fullDialect: Dialect = {
  format: 'json_schema',
  temperature: true,
  streamUsage: true,
  tokenField: 'max_tokens',
};

const lowerFormat = { json_schema: 'json_object', json_object: 'text', text: null } as const;

/**
 * The dialect to try next after a server turned a request down, or null when the rejection has another reason.
 * Servers without json_schema, reasoning models without a temperature and old servers without stream_options all
 * answer 400 or 422 and name the parameter in the text.
 */
export function learn(used: Dialect, thrown: unknown): Dialect | null {
  if (!(thrown instanceof APIError) || (thrown.status !== 400 && thrown.status !== 422)) return null;
  const complaint = `${thrown.message} ${thrown.param ?? ''}`;
  if (/max_completion_tokens/.test(complaint) && used.tokenField === 'max_tokens') {
    return { ...used, tokenField: 'max_completion_tokens' };
  }
  if (/stream_options/.test(complaint) && used.streamUsage) return { ...used, streamUsage: false };
  if (/\btemperature\b/.test(complaint) && used.temperature) return { ...used, temperature: false };
  const format = lowerFormat[used.format];
  if (/response_format|json_schema|json_object/.test(complaint) && format !== null) return { ...used, format };
  return null;
}
