import { BatonError, type ErrorCode } from '../contracts/error.ts';

/** A signal that fires after `ms`; closing it clears its timer. */
export type Deadline = { readonly signal: AbortSignal; [Symbol.dispose](): void };

/** Opens a deadline that aborts with an error of `code`. At or below zero it has passed already. */
export function openDeadline(ms: number, code: ErrorCode): Deadline {
  const controller = new AbortController();
  const expire = (): void => controller.abort(new BatonError(code)); // made when it is needed: an error costs its stack trace
  if (ms <= 0) expire();
  const timer = setTimeout(expire, Math.max(0, ms));
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}
