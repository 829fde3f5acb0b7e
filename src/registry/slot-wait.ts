/** Of a task that waits for a slot: looks so many times per call that ends. Fewer leave slots idle, more only ask Redis. */
const LOOKS_PER_TURN = 4;
const LEAST_MS = 100;
const MOST_MS = 5_000;
/** When no call has ended yet. */
const UNKNOWN_CALL_MS = 250;

export type SlotWait = {
  /** Tasks that wait for the agent, this one included. */
  readonly waiting: number;
  /** Its max_concurrent_tasks. */
  readonly slots: number;
  /** What a call of it usually takes; null when that is not known. */
  readonly callMs: number | null;
  /** 0 to 1: the jitter, so that those who found it full together do not come back together. */
  readonly random: number;
};

/** Milliseconds after which a task that found all slots of its agents taken looks again: so many tasks look that some slot is found soon. */
export function slotWaitMs({ waiting, slots, callMs, random }: SlotWait): number {
  const turnMs = (callMs ?? UNKNOWN_CALL_MS) / slots;
  const waitMs = Math.min(MOST_MS, Math.max(LEAST_MS, (turnMs * waiting) / LOOKS_PER_TURN));
  return Math.round(waitMs * (0.5 + random));
}
