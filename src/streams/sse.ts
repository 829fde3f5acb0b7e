import { toJsonLine } from './json-line.ts';

const RETRY_MS = 1_000;
const RETRY_JITTER_MS = 2_000;

/** A comment: keeps proxies from closing an idle connection, and no client sees it. */
export const sseHeartbeat = ': heartbeat\n\n';

/**
 * An event as SSE. No `event:` line: EventSource's onmessage sees all of them, and an `error` of ours can't be taken for a
 * broken connection.
 */
export function encodeSse(event: { readonly id: string }): string {
  return `id: ${event.id}\ndata: ${toJsonLine(event)}\n\n`;
}

/** Asks a client to reconnect after 1 to 3 s; `random` gives 0 to 1, so that thousands do not come back in one moment. */
export function sseRetry(random: () => number): string {
  return `retry: ${RETRY_MS + Math.floor(random() * RETRY_JITTER_MS)}\n\n`;
}
