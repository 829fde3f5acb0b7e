/** Names whose values are nobody's business, wherever they stand. */
const secretName = /authorization|api[-_]?key|token|password|secret|cookie|credential/i;
/** What users and models wrote: prompts. Their size is enough to see what goes on. */
const promptNames: ReadonlySet<string> = new Set(['description', 'input_data', 'query', 'original_query', 'reasoning']);

const TEXT_SHOWN = 200;
const ITEMS_SHOWN = 50;
const LEVELS_SHOWN = 6;

/** A job's data or return value as the dashboard may show it: ids, capabilities and edges, but no prompts and no secrets (S8, S9). */
export function redactJob(value: unknown, levels = LEVELS_SHOWN): unknown {
  if (typeof value === 'string') return shorten(value);
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) return sizeOf(value);
  if (Array.isArray(value)) return value.slice(0, ITEMS_SHOWN).map((item) => redactJob(item, levels - 1));
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, redactField(name, field, levels)]));
}

function redactField(name: string, value: unknown, levels: number): unknown {
  if (secretName.test(name) && typeof value !== 'number') return '[redacted]'; // a number is a count: max_tokens
  return promptNames.has(name) ? sizeOf(value) : redactJob(value, levels - 1);
}

function shorten(text: string): string {
  return text.length <= TEXT_SHOWN ? text : `${text.slice(0, TEXT_SHOWN)}… [${text.length} characters]`;
}

function sizeOf(value: unknown): string {
  return typeof value === 'string'
    ? `[${value.length} characters]`
    : `[${JSON.stringify(value)?.length ?? 0} characters of JSON]`;
}
