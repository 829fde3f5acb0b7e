import { z } from 'zod';

/** What a child process tells its supervisor over IPC, once: it serves, and where if it listens. */
export const Ready = z.object({ ready: z.literal(true), url: z.url().optional() });
export type Ready = z.infer<typeof Ready>;

/**
 * Tells the parent process that this one serves; nothing happens when nobody forked it. A parent that has died meanwhile, before
 * anybody listened for that, is noticed here: then `stop` is called.
 */
export function reportReady(stop: () => void, ready: Omit<Ready, 'ready'> = {}): void {
  if (process.connected === false) {
    stop();
    return;
  }
  // With a callback a channel that closes right now is no uncaught error.
  process.send?.({ ready: true, ...ready } satisfies Ready, undefined, {}, (error) => {
    if (error !== null) stop();
  });
}
