const CUT = '\n[... shortened ...]\n';

/**
 * The longest length that all texts may have so that together they fit `room`: short ones are kept whole, and what
 * they leave goes to the long ones.
 */
export function fairShare(lengths: readonly number[], room: number): number {
  const sorted = lengths.toSorted((left, right) => left - right);
  let left = Math.max(0, room);
  for (const [index, length] of sorted.entries()) {
    const share = Math.floor(left / (sorted.length - index));
    if (length > share) return share;
    left -= length;
  }
  return Number.MAX_SAFE_INTEGER;
}

/** At most `max` characters: the beginning and a shorter end, where conclusions are, with the cut marked. */
export function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  const room = Math.max(0, max - CUT.length);
  const tail = Math.floor(room / 4);
  return `${text.slice(0, room - tail)}${CUT}${tail === 0 ? '' : text.slice(-tail)}`;
}
