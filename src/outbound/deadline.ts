import { BatonError } from '../contracts/error.ts';

/** How long one call may wait, in milliseconds: for its headers, between two chunks, and altogether. */
export type WaitLimits = Readonly<{ firstByteMs: number; idleMs: number; totalMs: number }>;

export type DeadlineOptions = Readonly<{
  limits: WaitLimits;
  /** The caller's own wish to stop; its reason is kept when it is a BatonError. */
  signal?: AbortSignal | undefined;
  /** Who is waited for, as the beginning of a sentence a user may read: `The agent "writer"`. */
  peer: string;
}>;

/** The clock of one call: every wait of it goes through `guard`. Must be closed. */
export type Deadline = Readonly<{
  /** Aborts when a limit passes, the caller stops or `abort` is called; its reason is always a BatonError. */
  signal: AbortSignal;
  /** Settles as `work` does, or rejects with the signal's reason as soon as there is one. What `work` does later is dropped. */
  guard<T>(work: Promise<T>, wait: 'firstByte' | 'idle'): Promise<T>;
  abort(reason: BatonError): void;
  close(): void;
}>;

/** Starts the total limit at once. Limits that pass are agent_timeout; a caller's abort is its own BatonError, else cancelled. */
export function openDeadline({ limits, signal, peer }: DeadlineOptions): Deadline {
  const controller = new AbortController();
  const abort = (reason: BatonError): void => controller.abort(reason);
  const expire = (text: string): void => abort(new BatonError('agent_timeout', `${peer} ${text}`));
  const texts = {
    firstByte: `did not begin to answer within ${limits.firstByteMs / 1_000} s.`,
    idle: `sent nothing for ${limits.idleMs / 1_000} s.`,
  };

  const total = setTimeout(expire, limits.totalMs, `was not done within its limit of ${limits.totalMs / 1_000} s.`);
  const follow = (): void => abort(BatonError.from(signal?.reason, 'cancelled'));
  if (signal?.aborted) follow();
  else signal?.addEventListener('abort', follow, { once: true });

  return {
    signal: controller.signal,
    guard: async (work, wait) => {
      const timer = setTimeout(expire, wait === 'idle' ? limits.idleMs : limits.firstByteMs, texts[wait]);
      try {
        return await untilAborted(work, controller.signal);
      } finally {
        clearTimeout(timer);
      }
    },
    abort,
    close: () => {
      clearTimeout(total);
      signal?.removeEventListener('abort', follow);
    },
  };
}

// Not Promise.race: racing each chunk against one long-lived promise would pile up reactions on it for the whole stream.
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    const settle = (): void => signal.removeEventListener('abort', stop);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(settle);
  });
}
