/** Work that is begun again and again, and is under way once at most. */
export type OneAtATime = {
  /** Begins it, unless it is under way. */
  begin(): void;
  /** Resolves when it is not. */
  settled(): Promise<void>;
};

/** `onError` hears of a failure; the next time is begun as if there had been none. */
export function oneAtATime(work: () => Promise<unknown>, onError: (error: unknown) => void): OneAtATime {
  let underWay: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      onError(error);
    } finally {
      underWay = undefined;
    }
  };
  return {
    begin: () => {
      underWay ??= run();
    },
    settled: async () => underWay,
  };
}
