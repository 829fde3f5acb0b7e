import type { BatonError } from '../contracts/error.ts';

/** A signal that fires after `ms` with `reason`; closing it clears its timer. */
export type Deadline = { readonly signal: AbortSignal; [Symbol.dispose](): void };

/** Opens a deadline. At or below zero it has passed already. */
export function openDeadline(ms: number, reason: BatonError): Deadline {
  const controller = new AbortController();
  if (ms <= 0) controller.abort(reason);
  const timer = setTimeout(() => controller.abort(reason), Math.max(0, ms));
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}
