/** Bad answers in a row after which an agent that served counts as down, and good ones after which it serves again. */
const BAD_TO_FALL = 3;
const GOOD_TO_RISE = 2;

/** What is held of an agent, and how many answers in a row have said the opposite. */
export type Verdict = { readonly serving: boolean; readonly contrary: number };

/**
 * Judges an agent after one more probe (hysteresis, fault 51): one that flaps stays what it is held for. The first good answer of an
 * agent that nobody has asked before is enough.
 */
export function judge(before: Verdict | undefined, answered: boolean): Verdict {
  if (before === undefined || before.serving === answered) return { serving: answered, contrary: 0 };
  const contrary = before.contrary + 1;
  const needed = before.serving ? BAD_TO_FALL : GOOD_TO_RISE;
  return contrary >= needed ? { serving: answered, contrary: 0 } : { serving: before.serving, contrary };
}
