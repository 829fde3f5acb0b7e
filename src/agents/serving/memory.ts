import { BatonError } from '../../contracts/error.ts';
import type { WaitLimits } from '../../outbound/deadline.ts';
import type { Opening } from './recording.ts';
import { type Hearing, hearAlone, openSharedRun, type SharedRun } from './shared-run.ts';

export type MemoryOptions = Readonly<{
  /** Finished answers that are kept; 0 for none, and no call shares another's. */
  remember: number;
  limits: WaitLimits;
  peer: string;
}>;

/** One call: its Idempotency-Key, null when it has none, and the digest of its body. */
export type Asked = Readonly<{ key: string | null; digest: string; open: Opening; gone: AbortSignal }>;

/** Answers by their Idempotency-Key, so that a call that comes twice is worked on once. */
export type Memory = Readonly<{
  /**
   * What there is to hear for a call: a new run of the handler, one that is still running, or an answer that is kept. A run
   * that failed, or whose callers have all left, is forgotten. Throws idempotency_conflict for another body under the same key.
   */
  hear(asked: Asked): Promise<Hearing>;
}>;

/** What kept answers hold together, and one run at most. */
const MAX_BYTES = 32_000_000;

type Entry = Readonly<{ digest: string; run: SharedRun }>;

export function openMemory({ remember, limits, peer }: MemoryOptions): Memory {
  const running = new Map<string, Entry>();
  // In the order in which they finished: the oldest is forgotten first.
  const kept = new Map<string, Entry>();
  let keptBytes = 0;

  const keep = (key: string, entry: Entry): void => {
    kept.set(key, entry);
    keptBytes += entry.run.bytes();
    for (const [oldest, { run }] of kept) {
      if (kept.size <= remember && keptBytes <= MAX_BYTES) return;
      kept.delete(oldest);
      keptBytes -= run.bytes();
    }
  };
  const begin = (key: string, digest: string, open: Opening): Entry => {
    const onEnd = (finished: boolean): void => {
      running.delete(key);
      if (finished) keep(key, entry);
    };
    const entry = { digest, run: openSharedRun({ open, limits, peer, maxBytes: MAX_BYTES, onEnd }) };
    running.set(key, entry);
    return entry;
  };

  return {
    hear: async ({ key, digest, open, gone }) => {
      if (key === null || remember === 0) return hearAlone(open, gone);
      const entry = running.get(key) ?? kept.get(key) ?? begin(key, digest, open);
      if (entry.digest !== digest) throw new BatonError('idempotency_conflict');
      return entry.run.join(gone);
    },
  };
}
