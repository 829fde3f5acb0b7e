const WINDOW_MS = 60_000;
const RESTARTS = 5;
const BASE_MS = 250;

/** How often a child may be started again: five times within any minute. */
export type RestartBudget = {
  /** Counts one death. The milliseconds to wait before the next start, or null when it has died too often. */
  spend(now: number): number | null;
};

/** The wait doubles with each death of the last minute, from a quarter of a second; half of it is random. */
export function openRestartBudget(random = Math.random): RestartBudget {
  let deaths: readonly number[] = [];
  return {
    spend: (now) => {
      deaths = [...deaths.filter((at) => now - at < WINDOW_MS), now];
      if (deaths.length > RESTARTS) return null;
      const full = BASE_MS * 2 ** (deaths.length - 1);
      return Math.round(full / 2 + (random() * full) / 2);
    },
  };
}
