import type { BatonError } from '../../contracts/error.ts';
import type { HttpClient } from '../../outbound/http.ts';

/** What one server was found to understand of a request. It begins with everything and only ever shrinks. */
export type ChatDialect = Readonly<{
  temperature: boolean;
  streamUsage: boolean;
  tokenField: 'max_tokens' | 'max_completion_tokens';
}>;

const full: ChatDialect = { temperature: true, streamUsage: true, tokenField: 'max_tokens' };

/** Servers whose dialect is remembered; the oldest is forgotten. */
const REMEMBERED = 256;

/** For as long as a client lives. */
const known = new WeakMap<HttpClient, Map<string, ChatDialect>>();

/** The dialect to begin with. */
export function dialectOf(http: HttpClient, server: string): ChatDialect {
  return known.get(http)?.get(server) ?? full;
}

export function rememberDialect(http: HttpClient, server: string, dialect: ChatDialect): void {
  const dialects = known.get(http) ?? new Map<string, ChatDialect>();
  known.set(http, dialects.set(server, dialect));
  const [oldest] = dialects.keys();
  if (dialects.size > REMEMBERED && oldest !== undefined) dialects.delete(oldest);
}

/**
 * The dialect to try next after a server turned a request down, or null when the refusal has another reason. Reasoning models without
 * a temperature or with another name for the bound, and old servers without stream_options, all answer 400 or 422 and name the field.
 */
export function lessonOf(refusal: BatonError, used: ChatDialect): ChatDialect | null {
  const words = `${refusal.message} ${refusal.cause instanceof Error ? refusal.cause.message : ''}`;
  if (refusal.code !== 'agent_rejected' || !/\b(?:400|422)\b/.test(words)) return null;
  if (/max_completion_tokens/.test(words) && used.tokenField === 'max_tokens') {
    return { ...used, tokenField: 'max_completion_tokens' };
  }
  if (/stream_options/.test(words) && used.streamUsage) return { ...used, streamUsage: false };
  if (/\btemperature\b/.test(words) && used.temperature) return { ...used, temperature: false };
  return null;
}
