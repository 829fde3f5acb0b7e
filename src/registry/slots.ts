import { z } from 'zod';
import type { AgentDescriptor } from '../contracts/agent.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import type { HeldLease } from './lease-renewal.ts';

const acquiring = loadScript(new URL('./acquire.lua', import.meta.url));

/** How long the number of calls that Redis told with the last slot is believed. */
const FRESH_MS = 1_000;

/** One of an agent's places. `free` gives it back; of an agent without a limit, there is nothing to give back. */
export type Slot = { free(): Promise<void> };

/** The slots of agents with max_concurrent_tasks, which all workers share. */
export type Slots = {
  /** Undefined when all are taken. `holder` is unique to the call: asked twice for it, one slot is taken. */
  take(agent: AgentDescriptor, holder: string): Promise<Slot | undefined>;
  /** The leases to renew. */
  held(): readonly HeldLease[];
  /** Calls of all workers, by agent: what Redis told within the last second, less what this process has given back since. */
  heard(): ReadonlyMap<string, number>;
};

type SlotsOptions = Store & { readonly leaseMs: number };
type Heard = { busy: number; readonly at: number };

const noLimit: Slot = { free: async () => undefined };

/** Opens them; the slot of a process that dies lapses with its lease. Agents without a limit cost no round trip. */
export function openSlots({ redis, keys, leaseMs }: SlotsOptions): Slots {
  const leases = new Map<object, HeldLease>();
  const heard = new Map<string, Heard>();

  async function takeOne(id: string, slots: number, holder: string): Promise<Slot | undefined> {
    const lease = { key: keys.agentSlots(id), holder };
    const reply = await runScript(redis, acquiring, { keys: [lease.key], args: [holder, slots, leaseMs] });
    const [taken, busy] = z.tuple([z.int(), z.int()]).parse(reply);
    heard.set(id, { busy, at: performance.now() });
    if (taken === 0) return undefined;
    leases.set(lease, lease);
    return { free: () => free(id, lease) };
  }

  async function free(id: string, lease: HeldLease): Promise<void> {
    leases.delete(lease);
    const last = heard.get(id);
    if (last !== undefined) last.busy -= 1;
    await redis.zrem(lease.key, lease.holder);
  }

  return {
    take: async ({ agent_id: id, max_concurrent_tasks: slots }, holder) =>
      slots === null ? noLimit : takeOne(id, slots, holder),
    held: () => [...leases.values()],
    heard: () => {
      forgetOld(heard);
      return new Map([...heard].map(([id, { busy }]) => [id, busy]));
    },
  };
}

function forgetOld(heard: Map<string, Heard>): void {
  const now = performance.now();
  for (const [id, { at }] of heard) if (now - at >= FRESH_MS) heard.delete(id);
}
