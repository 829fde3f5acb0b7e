import { BatonError } from '../contracts/error.ts';
import type { AgentEvent, AgentSpeech } from './call.ts';

export type CollectorOptions = Readonly<{
  /** Characters of the whole text; one more is output_too_large. */
  maxChars: number;
  /** The agent's max_tokens, or null for no bound. */
  maxTokens: number | null;
}>;

/** Gathers the text of one answer; `add` is fed with every event in order. */
export type Collector = Readonly<{
  /**
   * Takes an event and gives back what may be shown of it: the event, a message cut at max_tokens, or null when nothing
   * is left of it. Throws output_too_large.
   */
  add(event: AgentEvent): AgentEvent | null;
  text(): string;
  /** True when max_tokens cut the text: the caller stops reading. */
  isFull(): boolean;
}>;

/** Messages are cut by the usual estimate of this many characters to a token. */
const CHARS_PER_TOKEN = 4;

/**
 * Tokens are concatenated; a message stands apart by a blank line from what is before and after it. A token event counts
 * as one token, since its agent declared tokens; a message is estimated.
 */
export function openCollector({ maxChars, maxTokens }: CollectorOptions): Collector {
  const parts: string[] = [];
  let chars = 0;
  let tokensLeft = maxTokens ?? Number.POSITIVE_INFINITY;
  let previous: AgentSpeech['type'] | null = null;
  let full = false;

  const append = (event: AgentSpeech): AgentEvent => {
    const apart = previous === 'message' || (previous === 'token' && event.type === 'message');
    const part = apart ? `\n\n${event.text}` : event.text;
    chars += part.length;
    if (chars > maxChars) throw new BatonError('output_too_large', `The output is longer than ${maxChars} characters.`);
    tokensLeft -= costOf(event);
    previous = event.type;
    parts.push(part);
    return event;
  };
  const addWithin = (event: AgentSpeech): AgentEvent | null => {
    if (full) return null;
    if (costOf(event) <= tokensLeft) return append(event);
    full = true;
    const text = event.type === 'token' ? '' : cutAt(event.text, tokensLeft * CHARS_PER_TOKEN);
    return text === '' ? null : append({ ...event, text });
  };

  return {
    add: (event) => (event.type === 'token' || event.type === 'message' ? addWithin(event) : event),
    text: () => parts.join(''),
    isFull: () => full,
  };
}

function costOf(event: AgentSpeech): number {
  return event.type === 'token' ? 1 : Math.ceil(event.text.length / CHARS_PER_TOKEN);
}

/** The first `length` characters, one less where the cut would halve a surrogate pair. */
function cutAt(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  const halves = length > 0 && length < text.length && last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, halves ? length - 1 : length);
}
