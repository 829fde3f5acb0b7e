import { AgentDescriptor, type Capability } from '../contracts/agent.ts';
import type { Store } from '../journal/store.ts';
import { CHANGES_START, loadChanges } from './agent-events.ts';

/** Descriptors in one read: at their largest 25 MB. */
const PAGE = 100;
/** Changes in one read of the log. */
const CHANGES = 1_000;
/** After so long all is read again: heals what a hand or a restored backup has changed without a word in the log. */
const RELOAD_MS = 5 * 60_000;

/** Hears of a descriptor that cannot be read, written by another version perhaps: its agent is passed over. */
export type UnreadableReport = (agent: string, cause: unknown) => void;

/** All descriptors, parsed, as of the last `sync`. Ten thousand are kept for the price of what changes. */
export type Descriptors = {
  /** Reads what has changed by now. */
  sync(): Promise<void>;
  all(): readonly AgentDescriptor[];
  of(capability: Capability): readonly AgentDescriptor[];
};

type Parsed = { readonly text: string; readonly agent: AgentDescriptor | undefined };

/** Opens them, empty; the connection stays the caller's. The log of changes says what to read; everything is read when it was trimmed. */
export function openDescriptors(store: Store, onUnreadable: UnreadableReport): Descriptors {
  const { redis, keys } = store;
  const parsed = new Map<string, Parsed>();
  const able = new Map<Capability, Map<string, AgentDescriptor>>();
  let cursor: string | undefined;
  let loadedAt = 0;

  const forget = (id: string): void => {
    for (const capability of parsed.get(id)?.agent?.capabilities ?? []) able.get(capability)?.delete(id);
    parsed.delete(id);
  };
  const keep = (id: string, text: string | null): void => {
    if (parsed.get(id)?.text === text) return;
    forget(id);
    if (text === null) return;
    const agent = parseStored(id, text, onUnreadable);
    parsed.set(id, { text, agent });
    for (const capability of agent?.capabilities ?? []) {
      const group = able.get(capability) ?? new Map<string, AgentDescriptor>();
      able.set(capability, group.set(id, agent as AgentDescriptor)); // it has capabilities, so it is there
    }
  };

  async function loadAll(): Promise<void> {
    const { last } = await loadChanges(store, CHANGES_START, 0);
    const found = new Set<string>();
    for (let place = '0'; ; ) {
      const [next, pairs] = await redis.hscan(keys.agents, place, 'COUNT', PAGE);
      for (let i = 0; i + 1 < pairs.length; i += 2) {
        found.add(pairs[i] ?? '');
        keep(pairs[i] ?? '', pairs[i + 1] ?? '');
      }
      place = next;
      if (place === '0') break;
    }
    for (const id of parsed.keys()) if (!found.has(id)) forget(id);
    cursor = last;
    loadedAt = performance.now();
  }

  async function loadSome(ids: readonly string[]): Promise<void> {
    for (let at = 0; at < ids.length; at += PAGE) {
      const some = ids.slice(at, at + PAGE);
      const texts = await redis.hmget(keys.agents, ...some);
      for (const [index, id] of some.entries()) keep(id, texts[index] ?? null);
    }
  }

  async function catchUp(): Promise<void> {
    if (cursor === undefined || performance.now() - loadedAt >= RELOAD_MS) await loadAll();
    for (;;) {
      const { changes, missed, position, full } = await loadChanges(store, cursor ?? CHANGES_START, CHANGES);
      if (missed) {
        await loadAll();
        continue;
      }
      const changed = changes.filter(({ name }) => rewriting.has(name)).flatMap(({ agent_id }) => agent_id ?? []);
      await loadSome([...new Set(changed)]);
      cursor = position;
      if (!full) return;
    }
  }

  return {
    sync: oneAfterAnother(catchUp),
    all: () => [...parsed.values()].flatMap(({ agent }) => agent ?? []),
    of: (capability) => [...(able.get(capability)?.values() ?? [])],
  };
}

/** The changes after which a descriptor is another one. */
const rewriting: ReadonlySet<string> = new Set(['agent.registered', 'agent.updated', 'agent.removed']);

/** A descriptor as it lies in Redis; undefined, and reported, for one that cannot be read. */
export function parseStored(id: string, text: string, onUnreadable: UnreadableReport): AgentDescriptor | undefined {
  try {
    return AgentDescriptor.parse(JSON.parse(text));
  } catch (cause) {
    onUnreadable(id, cause);
    return undefined;
  }
}

/** Who asks while the work is under way gets the next one, which has begun after the question; all who wait share it. */
function oneAfterAnother(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const begin = (): Promise<void> => {
    next = undefined;
    running = work().finally(() => {
      running = undefined;
    });
    return running;
  };
  return () => {
    if (running === undefined) return begin();
    next ??= running.then(begin, begin);
    return next;
  };
}
