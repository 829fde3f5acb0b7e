import { createHash } from 'node:crypto';
import type { AgentCall } from './call.ts';

type Named = Pick<AgentCall, 'runId' | 'attempt' | 'idempotencyKey'>;

/** What every call over HTTP says of itself beside its body: the same Idempotency-Key on every attempt, the attempt's number, and its trace. */
export function callHeaders(call: Named): Readonly<Record<string, string>> {
  return {
    'idempotency-key': call.idempotencyKey,
    'x-baton-attempt': String(call.attempt),
    traceparent: traceparentOf(call),
  };
}

/**
 * A W3C trace context (level 1) without a tracer: one trace per run, one parent per attempt, always the same for the same call, so
 * that an agent's own traces of one run belong together. The flags say that baton itself recorded nothing.
 */
export function traceparentOf({ runId, attempt, idempotencyKey }: Named): string {
  return `00-${digest(runId, 32)}-${digest(`${idempotencyKey}.${attempt}`, 16)}-00`;
}

function digest(text: string, hexDigits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, hexDigits);
}
