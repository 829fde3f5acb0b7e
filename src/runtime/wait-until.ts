import { setTimeout as delay } from 'node:timers/promises';

/** Asks `condition` again and again until it says yes (true) or the time is up (false). */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  { timeoutMs, everyMs = 10 }: Readonly<{ timeoutMs: number; everyMs?: number }>,
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() >= deadline) return false;
    await delay(everyMs);
  }
  return true;
}
