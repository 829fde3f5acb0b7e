import { BatonError, faultyError } from '../contracts/error.ts';
import { EventId } from '../contracts/ids.ts';
import { defaults } from '../contracts/limits.ts';
import type { Idempotency } from '../orchestrator/submit-run.ts';

const IDEMPOTENCY_KEY_CHARS = 255;

/** Whose an Idempotency-Key is, as long as nobody has to say who they are. */
const OWNER = 'anonymous';

/** Seconds that `Prefer: wait=N` (RFC 7240) asks to wait for the end, clamped; 0 when it does not ask, or unintelligibly. */
export function waitSecondsOf(prefer: string | undefined): number {
  const asked = /(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:[;,]|$)/i.exec(prefer ?? '')?.[1];
  return Math.min(Number(asked ?? 0), defaults.preferWaitMaxSeconds);
}

/** An Idempotency-Key with the body it belongs to; undefined without one. Throws invalid_request when it is empty or too long. */
export function idempotencyOf(key: string | undefined, body: object): Idempotency | undefined {
  if (key === undefined) return undefined;
  if (key.length > 0 && key.length <= IDEMPOTENCY_KEY_CHARS) return { owner: OWNER, key, body: JSON.stringify(body) };
  const message = `expected 1 to ${IDEMPOTENCY_KEY_CHARS} characters, came ${key.length}`;
  throw faultyError('invalid_request', [{ path: 'Idempotency-Key', message }]);
}

/**
 * The event to go on after: `Last-Event-ID`, else `?after=`. In this order, because EventSource reconnects to the address it began
 * with. Throws invalid_cursor for what is no event id.
 */
export function cursorOf(lastEventId: string | undefined, after: unknown): string | undefined {
  const given = lastEventId || after;
  if (given === undefined || given === '') return undefined;
  const id = EventId.safeParse(given);
  if (!id.success) throw new BatonError('invalid_cursor');
  return id.data;
}
