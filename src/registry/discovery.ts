import { randomUUID } from 'node:crypto';
import type { DiscoveryState } from '../contracts/agent-view.ts';
import { BatonError } from '../contracts/error.ts';
import { type Lease, leaveLease, takeLease } from '../journal/lease.ts';
import { pause } from '../journal/retry.ts';
import type { Store } from '../journal/store.ts';
import { loadRemembered, type Remembered, saveAnswer, saveFailure, toDiscoveryState } from './discovery-state.ts';
import { type DiscoveryWarning, type DiscoveryWarnings, openDiscoveryWarnings } from './discovery-warnings.ts';
import { applyForeignAgents, type ForeignService, loadForeignAgents } from './foreign-refresh.ts';

/** Asked again when this share of the time is over, so that what is used is seldom old. */
const REFRESH_SHARE = 0.8;
/** After a failure it is asked again in so many milliseconds: often enough to come back soon, seldom enough not to be a burden. */
const RETRY_MS = 10_000;
/** One refresh is under way at a time, over all processes; longer than it can take. */
const LOCK_MS = 60_000;
/** How long a forced refresh waits for another one, and how often it looks. */
const PATIENCE_MS = 35_000;
const LOOK_MS = 50;
const BUSY = 'Another process has been asking the discovery service for too long: try again in a minute.';

export type DiscoveryOptions = {
  readonly store: Store;
  readonly service: ForeignService;
  /** How old an answer may be, in milliseconds. */
  readonly ttlMs: number;
  readonly onWarning: DiscoveryWarning;
};

/** The client of a foreign discovery service. Its agents lie in the registry, so that a run never waits for it nor fails with it. */
export type Discovery = {
  /** Asks the service when its answer is about to grow old. Never throws for what the service does. */
  refreshWhenDue(): Promise<void>;
  /** Asks it now. Throws discovery_unavailable; what was known stays in use. */
  refresh(): Promise<DiscoveryState>;
  state(): Promise<DiscoveryState>;
};

export function openDiscovery(options: DiscoveryOptions): Discovery {
  const { store, service, ttlMs } = options;
  const { url } = service;
  const asker = { ...options, warn: openDiscoveryWarnings(options.onWarning) };
  const lease = { redis: store.redis, key: store.keys.discoveryRefresh, holder: randomUUID() };
  let asking: Promise<boolean> | undefined;
  /** Whoever asks in this process while it is asked gets the same answer. */
  const askOnce = (patienceMs: number): Promise<boolean> => {
    asking ??= askUnderLease(asker, lease, patienceMs).finally(() => {
      asking = undefined;
    });
    return asking;
  };
  const state = async (): Promise<DiscoveryState> =>
    toDiscoveryState(await loadRemembered(store, url), ttlMs, Date.now());
  return {
    state,
    refreshWhenDue: async () => {
      if (!isDue(await loadRemembered(store, url), ttlMs, Date.now())) return;
      await askOnce(0).catch((error: unknown) => {
        if (BatonError.from(error).code !== 'discovery_unavailable') throw error; // that one is told and remembered
      });
    },
    refresh: async () => {
      // The first may have joined one that was due, and has left the service to another process.
      if (!(await askOnce(PATIENCE_MS)) && !(await askOnce(PATIENCE_MS)))
        throw new BatonError('discovery_unavailable', BUSY);
      return state();
    },
  };
}

type Asker = DiscoveryOptions & { readonly warn: DiscoveryWarnings };

const never = new AbortController().signal;

/** False when somebody else asks all the time. */
async function askUnderLease(asker: Asker, lease: Lease, patienceMs: number): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  while (!(await takeLease(lease, LOCK_MS))) {
    if (performance.now() >= deadline) return false;
    await pause(LOOK_MS, never);
  }
  try {
    await ask(asker);
    return true;
  } finally {
    await leaveLease(lease);
  }
}

/** With the lease held. */
async function ask({ store, service, ttlMs, warn }: Asker): Promise<void> {
  const { url } = service;
  const before = await loadRemembered(store, url);
  try {
    const found = await loadForeignAgents(service);
    const { registered, skipped: lost } = await applyForeignAgents(store, found.agents);
    const skipped = [...found.skipped, ...lost];
    await saveAnswer(store, { url, agents: registered, skipped });
    warn.skipped(skipped);
    warn.answered({ url, agents: registered });
  } catch (thrown) {
    const error = BatonError.from(thrown);
    if (error.code !== 'discovery_unavailable') throw error;
    await saveFailure(store, before, error);
    warn.silent(toDiscoveryState(before, ttlMs, Date.now()), error);
    throw error;
  }
}

/** Whether it is time to ask: times in milliseconds. */
export function isDue({ refreshed_at, failed_at, failures }: Remembered, ttlMs: number, now: number): boolean {
  if (failures > 0) return now >= failed_at + Math.min(RETRY_MS, ttlMs);
  return now >= refreshed_at + REFRESH_SHARE * ttlMs;
}
