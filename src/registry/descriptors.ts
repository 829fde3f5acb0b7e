import type { AgentDescriptor, Capability } from '../contracts/agent.ts';
import type { Store } from '../journal/store.ts';
import { CHANGES_START, loadChanges } from './agent-events.ts';
import { type DescriptorIndex, openDescriptorIndex } from './descriptor-index.ts';
import { oneAfterAnother } from './one-after-another.ts';
import type { UnreadableReport } from './stored-descriptor.ts';

/** Descriptors in one read: at their largest 25 MB. */
const PAGE = 100;
/** Changes in one read of the log. */
const CHANGES = 1_000;
/** After so long all is read again: heals what a hand or a restored backup has changed without a word in the log. */
const RELOAD_MS = 5 * 60_000;

/** All descriptors, parsed, as of the last `sync`. Ten thousand are kept for the price of what changes. */
export type Descriptors = {
  /** Reads what has changed by now. */
  sync(): Promise<void>;
  all(): readonly AgentDescriptor[];
  of(capability: Capability): readonly AgentDescriptor[];
};

/** Opens them, empty; the connection stays the caller's. The log of changes says what to read; everything is read when it was trimmed. */
export function openDescriptors(store: Store, onUnreadable: UnreadableReport): Descriptors {
  const index = openDescriptorIndex(onUnreadable);
  let cursor: string | undefined;
  let loadedAt = 0;

  async function reload(): Promise<void> {
    const { last } = await loadChanges(store, CHANGES_START, 0);
    await loadAll(store, index);
    cursor = last;
    loadedAt = performance.now();
  }

  /** One page of changes; true when there may be more. */
  async function step(): Promise<boolean> {
    const { changes, missed, position, full } = await loadChanges(store, cursor ?? CHANGES_START, CHANGES);
    if (missed) {
      await reload();
      return true;
    }
    const changed = changes.filter(({ name }) => rewriting.has(name)).flatMap(({ agent_id }) => agent_id ?? []);
    await loadSome(store, index, [...new Set(changed)]);
    cursor = position;
    return full;
  }

  async function catchUp(): Promise<void> {
    if (cursor === undefined || performance.now() - loadedAt >= RELOAD_MS) await reload();
    while (await step());
  }

  return { sync: oneAfterAnother(catchUp), all: index.all, of: index.of };
}

/** The changes after which a descriptor is another one. */
const rewriting: ReadonlySet<string> = new Set(['agent.registered', 'agent.updated', 'agent.removed']);

async function loadAll({ redis, keys }: Store, index: DescriptorIndex): Promise<void> {
  const found = new Set<string>();
  for (let place = '0'; ; ) {
    const [next, pairs] = await redis.hscan(keys.agents, place, 'COUNT', PAGE);
    for (let at = 0; at + 1 < pairs.length; at += 2) {
      found.add(pairs[at] ?? '');
      index.keep(pairs[at] ?? '', pairs[at + 1] ?? '');
    }
    place = next;
    if (place === '0') break;
  }
  index.keepOnly(found);
}

async function loadSome({ redis, keys }: Store, index: DescriptorIndex, ids: readonly string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += PAGE) {
    const some = ids.slice(at, at + PAGE);
    const texts = await redis.hmget(keys.agents, ...some);
    for (const [place, id] of some.entries()) index.keep(id, texts[place] ?? null);
  }
}
