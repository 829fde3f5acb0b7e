import { z } from 'zod';
import { limits } from '../contracts/limits.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import type { Breakers } from './breaker.ts';
import type { RegisteredAgent } from './registered-agent.ts';
import { openTrials } from './trial.ts';

const acquiring = loadScript(new URL('./acquire.lua', import.meta.url));
const renewing = loadScript(new URL('./renew.lua', import.meta.url));

/** How long the number of calls that Redis told with the last slot is believed. */
const FRESH_MS = 1_000;

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

type Seen = { calls: number; busy: number; seenAt: number };

/** Opens them, and renews what is held until it is given back. Agents without a limit whose breaker is closed cost no round trip. */
export function openPermits(options: PermitsOptions): Permits {
  const { redis, keys, breakers, onError, leaseMs = limits.leaseMs } = options;
  const seen = new Map<string, Seen>();
  const leases = new Map<object, { readonly key: string; readonly holder: string }>();
  const trials = openTrials({ redis, keys, breakers, leaseMs });
  const renewal = setInterval(() => void renew().catch(onError), leaseMs / 3).unref();

  async function renew(): Promise<void> {
    const held = [...leases.values(), ...trials.held()];
    if (held.length === 0) return;
    await runScript(redis, renewing, {
      keys: held.map(({ key }) => key),
      args: [leaseMs, ...held.map(({ holder }) => holder)],
    });
  }

  function seenOf(id: string): Seen {
    const known = seen.get(id) ?? { calls: 0, busy: 0, seenAt: Number.NEGATIVE_INFINITY };
    seen.set(id, known);
    return known;
  }

  /** A slot to be given back; undefined when all are taken. */
  async function takeSlot(id: string, slots: number, holder: string): Promise<(() => Promise<void>) | undefined> {
    const key = keys.agentSlots(id);
    const reply = await runScript(redis, acquiring, { keys: [key], args: [holder, slots, leaseMs] });
    const [taken, busy] = z.tuple([z.int(), z.int()]).parse(reply);
    const at = seenOf(id);
    Object.assign(at, { busy, seenAt: performance.now() });
    if (taken === 0) return undefined;
    const lease = { key, holder };
    leases.set(lease, lease);
    return async () => {
      leases.delete(lease);
      at.busy -= 1;
      await redis.zrem(key, holder);
    };
  }

  async function take(registered: RegisteredAgent, holder: string): Promise<Permit | Refusal> {
    const { agent_id: id, max_concurrent_tasks: slots } = registered.agent;
    const freeSlot = slots === null ? async () => undefined : await takeSlot(id, slots, holder);
    if (freeSlot === undefined) return 'full';
    const trial = await trials.begin(registered, holder).catch(async (thrown: unknown) => {
      await freeSlot().catch(onError);
      throw thrown;
    });
    if (typeof trial === 'string') {
      await freeSlot();
      return trial === 'tried' ? 'tried' : 'broken';
    }
    const at = seenOf(id);
    at.calls += 1;
    let open = true;
    return {
      judge: (serves) => trial.end(serves ? 'good' : 'failed'),
      [Symbol.asyncDispose]: async () => {
        if (!open) return;
        open = false;
        at.calls -= 1;
        if (at.calls === 0 && slots === null) seen.delete(id);
        // Whoever has called goes on: what cannot be given back now lapses.
        await Promise.all([freeSlot(), trial.end('none')]).catch(onError);
      },
    };
  }

  function live(): ReadonlyMap<string, Live> {
    const known = new Map<string, Live>();
    const now = performance.now();
    for (const [id, { calls, busy, seenAt }] of seen) {
      const isFresh = now - seenAt < FRESH_MS;
      if (isFresh || calls > 0) known.set(id, { calls, busy: isFresh ? busy : undefined, broken: false });
      else seen.delete(id);
    }
    for (const id of breakers.opened.keys()) {
      const { calls = 0, busy } = known.get(id) ?? {};
      known.set(id, { calls, busy, broken: breakers.stateOf(id) === 'open' });
    }
    return known;
  }

  return { take, live, breakerOpenMs: breakers.rule.openMs, [Symbol.asyncDispose]: async () => clearInterval(renewal) };
}
