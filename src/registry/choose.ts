import type { CallNeed, Choice, Need } from './choice.ts';
import { openPatience, type Patience } from './patience.ts';
import type { Ranking } from './rank.ts';
import type { Registry } from './registry.ts';
import { rankForNeed, type TakeTools, type Turned, takeAgent } from './take-agent.ts';
import { type WaitTools, waitForAgent } from './wait-for-agent.ts';

export type ChooserOptions = TakeTools &
  Omit<WaitTools, 'breakerOpenMs'> & { readonly registry: Pick<Registry, 'byCapability' | 'revive'> };

/** Finds the best agent for a task. */
export type Chooser = {
  /** From what is known, without a round trip for most tasks. */
  now(need: Need): Promise<Ranking>;
  /** The same, and leave to call: a round trip only for agents with a limit, and for one whose breaker is half open. */
  take(need: CallNeed): Promise<Choice>;
  /**
   * The same, waiting for an agent that turns up in time: so long for one that is not healthy, for one whose breaker is open until it has
   * been tried as well, for a slot until the signal aborts. Throws the signal's reason when that aborts.
   */
  wait(need: CallNeed, signal: AbortSignal): Promise<Choice>;
  /** Milliseconds after which a task that found all slots taken looks again. `random`: 0 to 1. */
  readonly slotWaitMs: Patience['waitMs'];
};

/** Opens a chooser; it keeps nothing but whose turn it is, by capability, and who waits for a slot. */
export function openChooser(options: ChooserOptions): Chooser {
  const turns = new Map<string, number>();
  const patience = openPatience();
  const waiting = { ...options, breakerOpenMs: options.permits.breakerOpenMs };

  function turned<T extends Need>(need: T): Turned<T> {
    const { required_capability: capability } = need.task;
    const turn = turns.get(capability) ?? 0;
    turns.set(capability, turn + 1);
    return { ...need, turn };
  }

  const take: Chooser['take'] = (need) => takeAgent(options, turned(need));
  return {
    now: (need) => rankForNeed(options, turned(need)),
    take,
    wait: (need, signal) => waitForAgent(waiting, () => take(need), signal),
    slotWaitMs: patience.waitMs,
  };
}
