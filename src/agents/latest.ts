/** A mailbox of one place: what was not taken in time is replaced, so nothing piles up behind a slow reader. */
export type Latest<T> = AsyncIterable<T> & Readonly<{ put(item: T): void; end(): void }>;

/** Opens one; iteration ends after `end()`, with what was put last. */
export function openLatest<T>(): Latest<T> {
  let items: readonly T[] = [];
  let ended = false;
  let wake = Promise.withResolvers<void>();
  return {
    put: (item) => {
      items = [item];
      wake.resolve();
    },
    end: () => {
      ended = true;
      wake.resolve();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        await wake.promise;
        const taken = items;
        const last = ended;
        items = [];
        wake = Promise.withResolvers();
        yield* taken;
        if (last) return;
      }
    },
  };
}
