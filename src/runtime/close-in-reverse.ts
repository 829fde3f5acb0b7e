import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from './logging.ts';

/** Even when the others have used the time up, each gets this long: an embedded Redis must be stopped although a worker hangs. */
const LEAST_MS = 2_000;

export type Resource = { readonly name: string; readonly close: () => PromiseLike<void> };

type CloseOptions = Readonly<{ drainMs: number; log: Pick<Log, 'error'>; leastMs?: number }>;

/** Closes the last opened first, one after the other; false when one failed or hung, which is logged. */
export async function closeInReverse(resources: readonly Resource[], options: CloseOptions): Promise<boolean> {
  const { drainMs, log, leastMs = LEAST_MS } = options;
  const deadline = Date.now() + drainMs;
  let allClosed = true;
  for (const resource of resources.toReversed()) {
    const fault = await closeWithin(resource, Math.max(deadline - Date.now(), leastMs));
    if (fault === null) continue;
    log.error({ err: fault, resource: resource.name }, 'could not close');
    allClosed = false;
  }
  return allClosed;
}

async function closeWithin({ name, close }: Resource, timeoutMs: number): Promise<unknown> {
  const timer = new AbortController();
  const late = new Error(`${name} was not closed within ${timeoutMs} ms`);
  const timeout = delay(timeoutMs, late, { signal: timer.signal }).catch(() => null);
  try {
    return await Promise.race([Promise.resolve(close()).then(() => null), timeout]);
  } catch (error) {
    return error ?? new Error('closing failed without a reason');
  } finally {
    timer.abort();
  }
}
