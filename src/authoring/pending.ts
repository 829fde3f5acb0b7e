/** What became of something that is waited for. */
export type Settled = { readonly value: unknown } | { readonly error: unknown };

/** Something that settles once; whoever listens hears of it in the same moment, whoever awaits it afterwards. */
export type Pending = {
  readonly promise: Promise<unknown>;
  settled(): Settled | undefined;
  settle(settled: Settled): void;
  /** At once when it has settled. */
  listen(listener: () => void): void;
};

export function openPending(): Pending {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  promise.catch(() => undefined); // it may be left alone: that it rejects is no fault of the process then
  const listeners: (() => void)[] = [];
  let is: Settled | undefined;
  return {
    promise,
    settled: () => is,
    settle: (settled) => {
      if (is !== undefined) return;
      is = settled;
      if ('value' in settled) resolve(settled.value);
      else reject(settled.error);
      for (const listener of listeners.splice(0)) listener();
    },
    listen: (listener) => {
      if (is === undefined) listeners.push(listener);
      else listener();
    },
  };
}
