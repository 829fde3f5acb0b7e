import { BatonError } from '../contracts/error.ts';

/** How long one call of the model may keep silent, and the one signal that ends it. */
export type Patience = {
  /** Fires with the caller's reason when the caller gives up, or when a wait took longer than `timeoutMs`. */
  readonly signal: AbortSignal;
  /** Runs one wait under the clock. The clock stands still between waits, so a slow reader is not the model's fault. */
  within<T>(wait: () => Promise<T>): Promise<T>;
  /** Lets go of the caller's signal and of the clock. */
  close(): void;
};

/** Follows `caller` and bounds each wait by `timeoutMs`; must be closed. */
export function openPatience(caller: AbortSignal, timeoutMs: number): Patience {
  const controller = new AbortController();
  const silence = new BatonError('model_unavailable', `The model sent nothing for ${timeoutMs / 1_000} s.`);
  const giveUp = (): void => controller.abort(caller.reason);
  let timer: NodeJS.Timeout | undefined;
  if (caller.aborted) giveUp();
  else caller.addEventListener('abort', giveUp, { once: true });

  return {
    signal: controller.signal,
    async within(wait) {
      timer = setTimeout(() => controller.abort(silence), timeoutMs);
      try {
        return await wait();
      } finally {
        clearTimeout(timer);
      }
    },
    close() {
      clearTimeout(timer);
      caller.removeEventListener('abort', giveUp);
    },
  };
}
