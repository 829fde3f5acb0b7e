import { BatonError } from '../../contracts/error.ts';
import type { HttpBody } from '../../outbound/body.ts';
import { type FrameBound, tooLargeFrame } from './frame-bound.ts';

/**
 * The lines of a body, without their ends (LF or CR LF); empty ones are passed over, and the last one needs no end. Bytes that are not
 * UTF-8 become U+FFFD. Throws output_too_large for a line beyond the bound, as soon as it is that long, and
 * agent_incomplete for a last line that is the beginning of an object.
 */
export async function* readLines(body: HttpBody, bound: FrameBound): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let begun: string[] = [];
  let chars = 0;
  const take = (part: string): void => {
    chars += part.length;
    if (chars > bound.maxChars) throw tooLargeFrame(bound);
    begun.push(part);
  };
  const end = (): string => {
    const line = begun.join('');
    begun = [];
    chars = 0;
    return line;
  };
  for await (const chunk of body) {
    const [first = '', ...more] = decoder.decode(chunk, { stream: true }).split('\n');
    take(first);
    for (const part of more) {
      const line = end();
      if (line.trim() !== '') yield line;
      take(part);
    }
  }
  take(decoder.decode());
  const last = end();
  if (isCut(last)) throw new BatonError('agent_incomplete', `${bound.peer} ended its stream in the middle of a line.`);
  if (last.trim() !== '') yield last;
}

function isCut(line: string): boolean {
  if (!line.trimStart().startsWith('{')) return false;
  try {
    JSON.parse(line);
    return false;
  } catch {
    return true;
  }
}
