import { limits } from '../contracts/limits.ts';

/** HTTP's dates that end in GMT: `Sun, 06 Nov 1994 08:49:37 GMT`, and the older form with a long day name and dashes. */
const httpDate = /^[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -](?:\d{4}|\d{2}) \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Milliseconds that an answer asks to wait (RFC 9110, 10.2.3), from 0 to limits.retryAfterMs; undefined for a header that is
 * absent or cannot be read. A date is counted from the answer's own Date, since its server's clock may be wrong in both, else
 * from `now` (milliseconds since 1970).
 */
export function parseRetryAfter(header: (name: string) => string | null, now: number): number | undefined {
  const value = (header('retry-after') ?? '').trim();
  const waitMs = /^\d+$/.test(value)
    ? Number(value) * 1_000
    : dateOf(value) - orElse(dateOf(header('date') ?? ''), now);
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(0, waitMs), limits.retryAfterMs);
}

function dateOf(text: string): number {
  return httpDate.test(text.trim()) ? Date.parse(text) : Number.NaN;
}

function orElse(date: number, now: number): number {
  return Number.isNaN(date) ? now : date;
}
