import type { Agent } from 'undici';
import type { TlsIdentity } from './tls-identity.ts';

/** A dispatcher in use by one call. `release` may be called more than once. */
export type Lease = Readonly<{ dispatcher: Agent; release(): void }>;

/** The connection pools of a client: one for calls without a TLS identity, and one for each identity in use. */
export type Dispatchers = Readonly<{
  /** Throws what opening throws. */
  lease(identity: TlsIdentity | null): Lease;
  /** Pools that are open. */
  count(): number;
  isDestroyed(): boolean;
  destroy(reason: Error): Promise<void>;
}>;

type Open = (identity: TlsIdentity | null) => Agent;
type Pool = { readonly dispatcher: Agent; leases: number; evicted: boolean };

/**
 * At most `most` identities are kept, the least recently used one leaves first; it is closed when its last call has ended, so the
 * pools that are open are never more than `most`, the calls that run, and one.
 */
export function openDispatchers(open: Open, most = 64): Dispatchers {
  const shared: Pool = { dispatcher: open(null), leases: 0, evicted: false };
  const kept = new Map<string, Pool>();
  const all = new Set([shared]);

  const closeIfOver = (pool: Pool): void => {
    if (!pool.evicted || pool.leases > 0 || !all.delete(pool)) return;
    pool.dispatcher.close().catch(() => undefined); // it was destroyed meanwhile, with all others
  };
  const poolOf = (identity: TlsIdentity): Pool => {
    const pool = kept.get(identity.id) ?? { dispatcher: open(identity), leases: 0, evicted: false };
    kept.delete(identity.id);
    kept.set(identity.id, pool);
    all.add(pool);
    return pool;
  };
  const evictOldest = (): void => {
    const [oldest] = kept;
    if (kept.size <= most || oldest === undefined) return;
    kept.delete(oldest[0]);
    oldest[1].evicted = true;
    closeIfOver(oldest[1]);
  };

  return {
    lease: (identity) => {
      const pool = identity === null ? shared : poolOf(identity);
      pool.leases += 1;
      evictOldest();
      let held = true;
      const release = (): void => {
        if (!held) return;
        held = false;
        pool.leases -= 1;
        closeIfOver(pool);
      };
      return { dispatcher: pool.dispatcher, release };
    },
    count: () => all.size,
    isDestroyed: () => shared.dispatcher.destroyed,
    destroy: async (reason) => {
      await Promise.all([...all].map(({ dispatcher }) => dispatcher.destroy(reason)));
    },
  };
}
