// The discoverer: watches over the health of all agents, and over the foreign discovery service. One process at a time does it.
import { randomUUID } from 'node:crypto';
import { leaveLease, takeLease } from '../journal/lease.ts';
import { settledWithin } from '../journal/settled-within.ts';
import type { Store } from '../journal/store.ts';
import type { Discovery } from './discovery.ts';
import { expireAgents } from './health.ts';
import { oneAtATime } from './one-at-a-time.ts';
import type { Probe } from './probe.ts';
import { openProber } from './prober.ts';
import type { AgentSign, Registry } from './registry.ts';

/** How often it looks, if probes are not more often: how late it is told that an agent has expired. */
const LOOK_MS = 1_000;
/** The lead lapses when five looks were missed: sooner than health that only probes keep. */
const LEAD_MS = 5_000;
/** What closing waits for, and Redis does not give, is left behind. */
const CLOSE_MS = 1_000;

export type DiscovererOptions = {
  readonly store: Store;
  readonly registry: Pick<Registry, 'signs' | 'noteProbed'>;
  readonly probe: Probe;
  /** Milliseconds between two probes of one agent. */
  readonly probeMs: number;
  /** Undefined without a discovery service. */
  readonly discovery: Pick<Discovery, 'refreshWhenDue'> | undefined;
  readonly onError: (error: unknown) => void;
};

/** Begins to look, for as long as it is open and no other process does. */
export function openDiscoverer(options: DiscovererOptions): AsyncDisposable {
  const { store, registry, probe, probeMs, discovery } = options;
  let closed = false;
  const onError = (error: unknown): void => {
    if (!closed) options.onError(error); // what is under way at the end is cut off
  };
  const lead = { redis: store.redis, key: store.keys.discoverer, holder: randomUUID() };
  const prober = openProber({
    probe,
    periodMs: probeMs,
    onServing: registry.noteProbed,
    onFallen: (agent) => expireAgents(store, [agent], { fallen: true }),
    onError,
  });
  // On its own: a service that is slow must not hold up the health of anybody.
  const refreshing = oneAtATime(async () => discovery?.refreshWhenDue(), onError);
  const looking = oneAtATime(look, onError);

  async function look(): Promise<void> {
    if (!(await takeLease(lead, LEAD_MS))) return prober.look([]);
    const agents = await registry.signs();
    await expireSilent(store, agents);
    if (closed) return;
    prober.look(agents);
    refreshing.begin();
  }

  looking.begin();
  const timer = setInterval(looking.begin, Math.min(LOOK_MS, probeMs));
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      closed = true;
      prober.look([]);
      await settledWithin(CLOSE_MS, Promise.allSettled([looking.settled(), prober.settled()]));
      await settledWithin(CLOSE_MS, leaveLease(lead)); // with Redis away the lead lapses by itself
    },
  };
}

/** Tells of those whose health has run out since it was last looked at. */
async function expireSilent(store: Store, agents: readonly AgentSign[]): Promise<void> {
  const serving = new Set(await store.redis.smembers(store.keys.servingAgents));
  const silent = agents.flatMap(({ agent: { agent_id: id }, sign }) => (sign === null && serving.has(id) ? [id] : []));
  if (silent.length > 0) await expireAgents(store, silent);
}
