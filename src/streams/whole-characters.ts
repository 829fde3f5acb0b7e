import { type AttemptEvent, isToken } from './coalesce.ts';

export type Admitted = { readonly ready: readonly AttemptEvent[]; readonly held: AttemptEvent | undefined };

/**
 * Keeps the two UTF-16 halves of a character in one event: agents cut their tokens anywhere, and half a character does not
 * survive the UTF-8 of Redis. A token's last half is held back and stands before the next token of the same name.
 */
export function admit(held: AttemptEvent | undefined, event: AttemptEvent): Admitted {
  if (held !== undefined && held.name !== event.name) {
    const next = admit(undefined, event);
    return { ready: [held, ...next.ready], held: next.held };
  }
  const data = (held?.data ?? '') + event.data;
  if (!isToken(event) || !endsInHalf(data)) return { ready: [{ ...event, data }], held: undefined };
  const whole = data.slice(0, -1);
  return { ready: whole === '' ? [] : [{ ...event, data: whole }], held: { ...event, data: data.slice(-1) } };
}

function endsInHalf(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff;
}
