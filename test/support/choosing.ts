// What one worker process chooses agents with, on a test's own Redis; two of them are two workers.
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import type { ErrorCode } from '../../src/contracts/error.ts';
import type { Store } from '../../src/journal/store.ts';
import { type Breakers, openBreakers } from '../../src/registry/breaker.ts';
import { type Condition, loadCondition } from '../../src/registry/condition.ts';
import { type Outcomes, openOutcomes } from '../../src/registry/outcomes.ts';
import { openPermits, type Permits } from '../../src/registry/permit.ts';
import { freshCondition, type RegisteredAgent } from '../../src/registry/registered-agent.ts';

export type Chooses = AsyncDisposable & {
  readonly breakers: Breakers;
  readonly outcomes: Outcomes;
  readonly permits: Permits;
  /** Tells how calls of an agent ended, one after the other; undefined for a good answer. */
  tell(agent: AgentDescriptor, ...errors: readonly (ErrorCode | undefined)[]): Promise<void>;
};

type ChoosesOptions = { readonly openMs?: number; readonly leaseMs?: number };

/** Opens it; what goes wrong in the background is thrown when it is disposed of. */
export function openChooses(store: Store, { openMs, leaseMs }: ChoosesOptions = {}): Chooses {
  const wrongs: unknown[] = [];
  const onError = (thrown: unknown) => void wrongs.push(thrown);
  const breakers = openBreakers(openMs === undefined ? {} : { openMs });
  const outcomes = openOutcomes({ ...store, breakers, onError });
  const permits = openPermits({ ...store, breakers, onError, ...(leaseMs === undefined ? {} : { leaseMs }) });
  return {
    breakers,
    outcomes,
    permits,
    tell: async (agent, ...errors) => {
      for (const error of errors) outcomes.record({ agent, latencyMs: 100, error });
      await outcomes.flush();
    },
    [Symbol.asyncDispose]: async () => {
      await outcomes[Symbol.asyncDispose]();
      await permits[Symbol.asyncDispose]();
      if (wrongs.length > 0) throw wrongs[0];
    },
  };
}

/** An HTTP agent of the capability custom, at an address where nobody listens unless one is given. */
export function agentOf(agent_id: string, fields: object = {}): AgentDescriptor {
  const about = { agent_id, name: agent_id, endpoint: 'http://127.0.0.1:1', capabilities: ['custom'] };
  return AgentDescriptor.parse({ ...about, ...fields });
}

/** How an agent stands now. */
export async function conditionOf(store: Store, id: string): Promise<Condition> {
  return (await loadCondition(store, [id])).get(id) ?? freshCondition;
}

/** An agent as the registry would tell of it now. */
export async function registeredOf(store: Store, agent: AgentDescriptor): Promise<RegisteredAgent> {
  return { agent, healthy: true, ...(await conditionOf(store, agent.agent_id)) };
}

/** Lets the time pass for which a breaker that all workers share is open. */
export async function passBreakerTime({ redis, keys }: Store, id: string, halfOpenMs: number): Promise<void> {
  await redis.pexpire(keys.agentBreaker(id), halfOpenMs);
}
