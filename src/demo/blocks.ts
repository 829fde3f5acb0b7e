/** A block longer than this is sent in pieces: a text without blank lines must not be collected for ever. */
const MAX_BLOCK = 64_000;

/**
 * A stream of tokens as paragraphs and fenced code blocks, each when it is complete. They are split at blank lines
 * outside of fences, so that the blocks joined by blank lines are the text again.
 */
export async function* blocksOf(tokens: AsyncIterable<string>): AsyncGenerator<string> {
  let lines: string[] = [];
  let size = 0;
  let fenced = false;
  for await (const line of linesOf(tokens)) {
    if (/^\s*```/.test(line)) fenced = !fenced;
    const ends = (line.trim() === '' && !fenced) || size > MAX_BLOCK;
    if (line.trim() !== '' || fenced) lines.push(line);
    size += line.length;
    if (!ends || lines.length === 0) continue;
    yield lines.join('\n');
    lines = [];
    size = 0;
  }
  if (lines.length > 0) yield lines.join('\n');
}

async function* linesOf(tokens: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const token of tokens) {
    const parts = (rest + token).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
  }
  if (rest !== '') yield rest;
}
