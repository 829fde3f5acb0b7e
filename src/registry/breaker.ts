import { type CircuitBreakerPolicy, CircuitState, ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel';
import { defaults } from '../contracts/limits.ts';

export type BreakerState = 'closed' | 'open' | 'half_open';

/** The breakers of this process: they act at once, while the ones that all workers share are seen within a second. */
export type Breakers = {
  /** Tells an agent's breaker how a call of it ended. True when that has opened it. */
  note(agent: string, serves: boolean): Promise<boolean>;
  stateOf(agent: string): BreakerState;
  /** Agents whose breakers are not closed. */
  readonly opened: ReadonlyMap<string, unknown>;
  /** Also that of the breakers which all workers share. */
  readonly rule: BreakerRule;
};

/** Failures in a row after which a breaker opens, and how long it then stays open. */
export type BreakerRule = { readonly failures: number; readonly openMs: number };

type Tripped = { readonly openUntil: number };

/**
 * One breaker per agent that has failed lately: it opens after so many failures in a row, and after `openMs` the next call decides.
 * Calls that end while it is open began before, and change nothing.
 */
export function openBreakers({
  failures = defaults.breakerFailures,
  openMs = defaults.breakerOpenMs,
}: Partial<BreakerRule> = {}): Breakers {
  const policies = new Map<string, CircuitBreakerPolicy>();
  const opened = new Map<string, Tripped>();

  function policyOf(agent: string): CircuitBreakerPolicy {
    const known = policies.get(agent);
    if (known !== undefined) return known;
    const policy = circuitBreaker(handleAll, { halfOpenAfter: openMs, breaker: new ConsecutiveBreaker(failures) });
    policy.onBreak(() => void opened.set(agent, { openUntil: Date.now() + openMs }));
    policy.onReset(() => void opened.delete(agent));
    policies.set(agent, policy);
    return policy;
  }

  return {
    opened,
    rule: { failures, openMs },
    stateOf: (agent) => {
      const tripped = opened.get(agent);
      if (tripped === undefined) return 'closed';
      return Date.now() < tripped.openUntil ? 'open' : 'half_open';
    },
    note: async (agent, serves) => {
      if (serves && !policies.has(agent)) return false;
      const before = opened.get(agent);
      const policy = policyOf(agent);
      await policy.execute(() => (serves ? undefined : Promise.reject(failed))).catch(() => undefined); // told, not thrown: its caller knows
      if (policy.state === CircuitState.Closed && serves) policies.delete(agent);
      return opened.get(agent) !== before && opened.has(agent);
    },
  };
}

const failed = new Error('the call failed');
