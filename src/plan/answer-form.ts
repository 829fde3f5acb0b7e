/**
 * The form in which answers are compared: JSON by its value (the order of an object's fields and the writing of numbers do not count),
 * anything else as text without case, outer punctuation and the number of blanks.
 */
export function normalisedAnswer(text: string): string {
  const json = parseJson(unfenced(text.trim()));
  return (json === undefined ? undefined : jsonForm(json)) ?? plainForm(text);
}

/** Undefined for JSON that is nested too deeply to be written again. */
function jsonForm(json: unknown): string | undefined {
  try {
    return JSON.stringify(json, inOrder);
  } catch {
    return undefined; // compared as text
  }
}

/** Models like to put JSON into a code fence. */
function unfenced(text: string): string {
  return /^```[a-z]*\n(?<inside>[\s\S]*)\n```$/i.exec(text)?.groups?.inside ?? text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // plain text is no fault
  }
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return plainForm(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

function plainForm(text: string): string {
  const words = text.normalize('NFKC').toLowerCase().trim().replace(/\s+/gu, ' ');
  let start = 0;
  let end = words.length;
  // Step by step: an expression for both ends would cost the square of a long row of such signs.
  while (start < end && OUTER.test(words[start] ?? '') && !NEGATIVE.test(words.slice(start, start + 2))) start += 1;
  while (end > start && OUTER.test(words[end - 1] ?? '')) end -= 1;
  return words.slice(start, end) || words;
}

/** Says nothing at the end of an answer; a percent sign and the sign of a negative number do. */
const OUTER = /[[\p{Z}\p{P}]--[%]]/v;
const NEGATIVE = /^[-\u2010-\u2015]\d/u;

/** Several answers as one text, with a line between. */
export function joinedAnswers(answers: readonly string[]): string {
  return answers.join('\n\n---\n\n');
}
