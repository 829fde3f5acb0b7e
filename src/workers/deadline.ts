import { BatonError, type ErrorCode } from '../contracts/error.ts';

/** A signal that fires when the time is up or when another one does; closing it clears its timer and its listeners. */
export type Deadline = {
  readonly signal: AbortSignal;
  /** Fires with `other` too, and with its reason. */
  follow(other: AbortSignal): void;
  [Symbol.dispose](): void;
};

/**
 * Opens a deadline that aborts with an error of `code`; at or below zero it has passed already. Signals are followed by hand,
 * because each task does so and AbortSignal.any costs several times as much.
 */
export function openDeadline(ms: number, code: ErrorCode): Deadline {
  const controller = new AbortController();
  const expire = (): void => controller.abort(new BatonError(code)); // made when it is needed: an error costs its stack trace
  if (ms <= 0) expire();
  const timer = setTimeout(expire, Math.max(0, ms));
  const followed: (() => void)[] = [];
  return {
    signal: controller.signal,
    follow: (other) => {
      const abort = (): void => controller.abort(other.reason);
      if (other.aborted) abort();
      other.addEventListener('abort', abort, { once: true });
      followed.push(() => other.removeEventListener('abort', abort));
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      for (const leave of followed) leave();
    },
  };
}
