import { z } from 'zod';
import { limits } from '../contracts/limits.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import type { Breakers } from './breaker.ts';
import type { HeldLease } from './lease-renewal.ts';
import type { RegisteredAgent } from './registered-agent.ts';

const beginning = loadScript(new URL('./begin-trial.lua', import.meta.url));
const ending = loadScript(new URL('./end-trial.lua', import.meta.url));

/** The one call that a half-open breaker lets through, over all workers; of a closed one, any call. */
export type Trial = {
  /** Only its first end counts. */
  end(as: 'good' | 'failed' | 'none'): Promise<void>;
};

export type Trials = {
  /** `open`, `tried`: no call may be made, as the breaker is open, or somebody else tries just now. */
  begin(agent: RegisteredAgent, holder: string): Promise<Trial | 'open' | 'tried'>;
  /** The leases to renew. */
  held(): readonly HeldLease[];
};

type TrialsOptions = Store & { readonly breakers: Breakers; readonly leaseMs: number };

const noTrial: Trial = { end: async () => undefined };

/** Opens them; a trial whose process dies lapses with its lease. */
export function openTrials({ redis, keys, breakers, leaseMs }: TrialsOptions): Trials {
  const held = new Map<object, HeldLease>();

  function openTrial(id: string, holder: string): Trial {
    const lease = { key: keys.agentTrial(id), holder };
    held.set(lease, lease);
    return {
      end: async (as) => {
        if (!held.delete(lease)) return;
        await runScript(redis, ending, {
          keys: [keys.agentBreaker(id), lease.key, keys.agentStats(id), keys.agentEvents],
          args: [
            ...[holder, as, breakers.rule.openMs, limits.breakerOpenMaxMs, limits.breakerHalfOpenMs],
            ...[id, limits.agentEvents],
          ],
        });
      },
    };
  }

  async function begin(
    { agent, halfOpen = false }: RegisteredAgent,
    holder: string,
  ): Promise<Trial | 'open' | 'tried'> {
    const id = agent.agent_id;
    const own = breakers.stateOf(id);
    if (own === 'open') return 'open';
    if (own === 'closed' && !halfOpen) return noTrial;
    const reply = await runScript(redis, beginning, {
      keys: [keys.agentBreaker(id), keys.agentTrial(id)],
      args: [holder, leaseMs, limits.breakerHalfOpenMs, own === 'half_open' ? '1' : ''],
    });
    const answer = z.enum(['trial', 'closed', 'open', 'tried']).parse(reply);
    if (answer === 'open' || answer === 'tried') return answer;
    return answer === 'trial' ? openTrial(id, holder) : noTrial;
  }

  return { begin, held: () => [...held.values()] };
}
