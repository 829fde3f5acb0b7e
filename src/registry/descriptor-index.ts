import type { AgentDescriptor, Capability } from '../contracts/agent.ts';
import { parseStored, type UnreadableReport } from './stored-descriptor.ts';

/** Parsed descriptors by id and by capability: each is parsed once for as long as its text stays the same. */
export type DescriptorIndex = {
  /** `text` as it lies in Redis; null for one that is not there (any more). */
  keep(id: string, text: string | null): void;
  /** Forgets all others. */
  keepOnly(ids: ReadonlySet<string>): void;
  all(): readonly AgentDescriptor[];
  of(capability: Capability): readonly AgentDescriptor[];
};

/** `agent` is undefined where the text cannot be read. */
type Parsed = { readonly text: string; readonly agent: AgentDescriptor | undefined };

/** Opens it, empty. */
export function openDescriptorIndex(onUnreadable: UnreadableReport): DescriptorIndex {
  const parsed = new Map<string, Parsed>();
  const able = new Map<Capability, Map<string, AgentDescriptor>>();

  function forget(id: string): void {
    for (const capability of parsed.get(id)?.agent?.capabilities ?? []) able.get(capability)?.delete(id);
    parsed.delete(id);
  }

  function keep(id: string, text: string | null): void {
    if (parsed.get(id)?.text === text) return;
    forget(id);
    if (text === null) return;
    const agent = parseStored(id, text, onUnreadable);
    parsed.set(id, { text, agent });
    if (agent !== undefined) keepAble(agent, id);
  }

  function keepAble(agent: AgentDescriptor, id: string): void {
    for (const capability of agent.capabilities) {
      const group = able.get(capability) ?? new Map<string, AgentDescriptor>();
      able.set(capability, group.set(id, agent));
    }
  }

  return {
    keep,
    keepOnly: (ids) => {
      for (const id of parsed.keys()) if (!ids.has(id)) forget(id);
    },
    all: () => [...parsed.values()].flatMap(({ agent }) => agent ?? []),
    of: (capability) => [...(able.get(capability)?.values() ?? [])],
  };
}
