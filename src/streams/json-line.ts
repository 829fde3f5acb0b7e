/**
 * JSON on one line by anybody's idea of a line (guarantees R14). JSON escapes CR, LF, NUL and the other control characters
 * below U+0020 itself; U+0085, U+2028 and U+2029 end a line for some readers (Python's splitlines), so they are escaped too.
 */
export function toJsonLine(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u0085\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
