/** Why a conversation or a revision loop must end. */
export type Loop =
  | { readonly reason: 'too_many'; readonly iterations: number }
  /** The last `period` entries say what the ones before them said, `times` times in a row. */
  | { readonly reason: 'repeated'; readonly period: number; readonly times: number };

/** Iterations of one conversation or revision loop (the seed's bound). */
export const MAX_ITERATIONS = 20;
/** The longest pattern that is looked for. */
const MAX_PERIOD = 5;

/**
 * Whether a loop has come upon: more than 20 iterations, or a pattern of up to five entries that repeats at the end of the last 20.
 * Entries are compared as they are, so put into one whatever makes it the same: who, to whom, what. A single entry has to come
 * three times, since saying a thing once more is a retry; a longer pattern twice.
 */
export function findLoop(history: readonly string[]): Loop | undefined {
  if (history.length > MAX_ITERATIONS) return { reason: 'too_many', iterations: history.length };
  for (let period = 1; period <= MAX_PERIOD; period += 1) {
    const times = repetitions(history, period);
    if (times >= (period === 1 ? 3 : 2)) return { reason: 'repeated', period, times };
  }
  return undefined;
}

/** How often the last `period` entries stand at the end, one behind the other. */
function repetitions(history: readonly string[], period: number): number {
  let matching = 0;
  while (period + matching < history.length) {
    const at = history.length - 1 - matching;
    if (history[at] !== history[at - period]) break;
    matching += 1;
  }
  return history.length < period ? 0 : 1 + Math.floor(matching / period);
}
