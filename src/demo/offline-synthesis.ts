import { labelled, withoutLabel } from './offline-label.ts';

// The form of src/workers/synthesis-prompt.ts; the integration test holds the two together.
const section = /<task_output>\nasked for: ([^\n]*)\noutcome: ([^\n]*)([\s\S]*?)\n<\/task_output>/g;
const details = /^(?:\n(?:confidence|weight|reason): [^\n]*)*/;

/** An answer out of the results in a synthesis prompt: what was found under its headings, then what is missing. Null for other prompts. */
export function synthesize(prompt: string): string | null {
  const results = [...prompt.matchAll(section)].map(([, asked = '', outcome = '', rest = '']) => ({
    asked,
    done: outcome === 'done',
    text: withoutLabel(rest.replace(details, '').trim()),
  }));
  if (results.length === 0) return null;
  const found = results.filter((result) => result.done);
  const parts = found.map(({ asked, text }) => (found.length === 1 ? text : `**${asked}**\n\n${text}`));
  const missing = results.filter((result) => !result.done).map((result) => result.asked);
  if (missing.length > 0) parts.push(apology(missing, found.length > 0));
  return labelled(parts.join('\n\n'), 'put together by rules, no language model was asked');
}

function apology(missing: readonly string[], hasMore: boolean): string {
  const list = missing.map((asked) => `"${asked}"`).join(', ');
  return `Unfortunately ${hasMore ? 'a part' : 'everything'} of this could not be done: ${list}.`;
}
