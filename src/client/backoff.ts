const CAP_MS = 5_000;

/**
 * Milliseconds to wait before try number `failures` + 1: the base, doubled each time up to 5 s (never below the base), half of it
 * random, so that the readers of a server that restarts do not come back in one moment.
 */
export function backoffMs(failures: number, baseMs: number, random = Math.random): number {
  const full = Math.max(baseMs, Math.min(CAP_MS, baseMs * 2 ** Math.min(failures - 1, 16)));
  return full / 2 + (random() * full) / 2;
}

/** Waits; rejects at once with the signal's reason when it aborts. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
