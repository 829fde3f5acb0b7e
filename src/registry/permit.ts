import { limits } from '../contracts/limits.ts';
import type { Store } from '../journal/store.ts';
import type { Breakers } from './breaker.ts';
import { renewLeases } from './lease-renewal.ts';
import type { RegisteredAgent } from './registered-agent.ts';
import { openSlots, type Slot } from './slots.ts';
import { openTrials, type Trial } from './trial.ts';

/** Leave to call an agent once: a slot where it has a limit, the trial where its breaker is half open. Dispose gives both back, once. */
export type Permit = AsyncDisposable & {
  /** Tells how the call ended, before the permit is given back: what a trial is decided by. */
  judge(serves: boolean): Promise<void>;
};

/** Why there is none: all slots are taken; its breaker is open; somebody tries it just now, and will know soon. */
export type Refusal = 'full' | 'broken' | 'tried';

/** What this process knows of an agent beyond the registry's last word. */
export type Live = {
  /** Calls of this process. */
  readonly calls: number;
  /** Calls of all workers, where that has just been heard; undefined else. */
  readonly busy: number | undefined;
  /** Its breaker of this process is open. */
  readonly broken: boolean;
};

export type Permits = AsyncDisposable & {
  /** `holder` is unique to the call: asked twice for it, one permit is taken. */
  take(agent: RegisteredAgent, holder: string): Promise<Permit | Refusal>;
  /** How long an open breaker keeps its agent out. */
  readonly breakerOpenMs: number;
  /** By agent; of all others it knows nothing more. */
  live(): ReadonlyMap<string, Live>;
};

export type PermitsOptions = Store & {
  readonly breakers: Breakers;
  readonly onError: (error: unknown) => void;
  /** ms that a slot or a trial lasts without being renewed. */
  readonly leaseMs?: number;
};

/** Opens them, and renews what is held until it is given back. Agents without a limit whose breaker is closed cost no round trip. */
export function openPermits(options: PermitsOptions): Permits {
  const { redis, keys, breakers, onError, leaseMs = limits.leaseMs } = options;
  const calls = new Map<string, number>();
  const slots = openSlots({ redis, keys, leaseMs });
  const trials = openTrials({ redis, keys, breakers, leaseMs });
  const renew = () => renewLeases(redis, [...slots.held(), ...trials.held()], leaseMs);
  const renewal = setInterval(() => void renew().catch(onError), leaseMs / 3).unref();

  async function take(registered: RegisteredAgent, holder: string): Promise<Permit | Refusal> {
    const slot = await slots.take(registered.agent, holder);
    if (slot === undefined) return 'full';
    const trial = await trials.begin(registered, holder).catch(async (thrown: unknown) => {
      await slot.free().catch(onError);
      throw thrown;
    });
    if (typeof trial !== 'string') return openPermit(registered.agent.agent_id, slot, trial);
    await slot.free();
    return trial === 'tried' ? 'tried' : 'broken';
  }

  function openPermit(id: string, slot: Slot, trial: Trial): Permit {
    count(calls, id, 1);
    let open = true;
    return {
      judge: (serves) => trial.end(serves ? 'good' : 'failed'),
      [Symbol.asyncDispose]: async () => {
        if (!open) return;
        open = false;
        count(calls, id, -1);
        // Whoever has called goes on: what cannot be given back now lapses.
        await Promise.all([slot.free(), trial.end('none')]).catch(onError);
      },
    };
  }

  return {
    take,
    live: () => liveOf(calls, slots.heard(), breakers),
    breakerOpenMs: breakers.rule.openMs,
    [Symbol.asyncDispose]: async () => clearInterval(renewal),
  };
}

function count(calls: Map<string, number>, id: string, change: 1 | -1): void {
  const now = (calls.get(id) ?? 0) + change;
  if (now === 0) calls.delete(id);
  else calls.set(id, now);
}

function liveOf(
  calls: ReadonlyMap<string, number>,
  heard: ReadonlyMap<string, number>,
  { opened, stateOf }: Pick<Breakers, 'opened' | 'stateOf'>,
): ReadonlyMap<string, Live> {
  const ids = new Set([...calls.keys(), ...heard.keys(), ...opened.keys()]);
  const liveNow = (id: string): Live => ({
    calls: calls.get(id) ?? 0,
    busy: heard.get(id),
    broken: stateOf(id) === 'open',
  });
  return new Map([...ids].map((id) => [id, liveNow(id)]));
}
