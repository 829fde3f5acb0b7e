/**
 * The JSON object in a model's or an agent's answer: the whole of it, within a code fence, or the first balanced one in prose.
 * Undefined when there is none. Text is data: nothing in it is followed.
 */
export function jsonObjectIn(text: string): JsonObject | undefined {
  return objectsIn(text).next().value?.object;
}

/**
 * The same of an answer that was given about other texts: an object that stands in one of them word for word, but for blanks, is a
 * quotation and not the answer.
 */
export function ownJsonObjectIn(text: string, about: readonly string[]): JsonObject | undefined {
  const read = about.map(withoutBlanks);
  for (const { object, source } of objectsIn(text)) {
    const said = withoutBlanks(source);
    if (!read.some((other) => other.includes(said))) return object;
  }
  return undefined;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** The whole text, or one object after the other in prose. */
function* objectsIn(text: string): Generator<{ readonly object: JsonObject; readonly source: string }, undefined> {
  const whole = parseObject(text.trim());
  if (whole !== undefined) {
    yield { object: whole, source: text };
    return;
  }
  let start = text.indexOf('{');
  for (let tries = 0; start !== -1 && tries < TRIES; tries += 1) {
    const end = endOfObject(text, start);
    const source = end === -1 ? '' : text.slice(start, end + 1);
    const object = parseObject(source);
    if (object !== undefined) yield { object, source };
    start = text.indexOf('{', object === undefined ? start + 1 : end + 1);
  }
}

function withoutBlanks(text: string): string {
  return text.replace(/\s+/g, '');
}

/** Openings that are looked at: prose with many braces must not cost its length squared. */
const TRIES = 20;

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined; // prose is no fault
  }
}

/** Where the object that begins at `start` is closed, heeding strings; -1 when it never is. */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at += 1) {
    const sign = text[at];
    if (quoted && sign === '\\') at += 1;
    else if (sign === '"') quoted = !quoted;
    else if (!quoted && sign === '{') depth += 1;
    else if (!quoted && sign === '}') depth -= 1;
    if (depth === 0) return at;
  }
  return -1;
}
