import type { Response } from 'express';

/** Why a wait was given up: the client has left, its time is over, or this process is shutting down. */
export type WaitEnd = 'left' | 'late' | 'draining';

/** One signal for everything that ends a wait on behalf of a request. Whoever opens it closes it. */
export type Wait = {
  readonly signal: AbortSignal;
  /** Null while nothing has ended it. */
  ended(): WaitEnd | null;
  close(): void;
};

export type WaitOptions = { readonly response: Response; readonly draining: AbortSignal; readonly timeoutMs?: number };

/** Begins a wait. It never ends the run: a client that leaves may come back. */
export function openWait({ response, draining, timeoutMs }: WaitOptions): Wait {
  const controller = new AbortController();
  let ended: WaitEnd | null = null;
  const end = (reason: WaitEnd) => (): void => {
    ended ??= reason;
    controller.abort();
  };
  const onLeft = end('left');
  const onDraining = end('draining');
  const timer = timeoutMs === undefined ? undefined : setTimeout(end('late'), timeoutMs);
  response.once('close', onLeft);
  draining.addEventListener('abort', onDraining, { once: true });
  if (response.closed) onLeft();
  else if (draining.aborted) onDraining();
  return {
    signal: controller.signal,
    ended: () => ended,
    close: () => {
      clearTimeout(timer);
      response.off('close', onLeft);
      draining.removeEventListener('abort', onDraining);
    },
  };
}
