import { AgentDescriptor } from '../contracts/agent.ts';

/** Hears of a descriptor that cannot be read, written by another version perhaps: its agent is passed over. */
export type UnreadableReport = (agent: string, cause: unknown) => void;

/** A descriptor as it lies in Redis; undefined, and reported, for one that cannot be read. */
export function parseStored(id: string, text: string, onUnreadable: UnreadableReport): AgentDescriptor | undefined {
  try {
    return AgentDescriptor.parse(JSON.parse(text));
  } catch (cause) {
    onUnreadable(id, cause);
    return undefined;
  }
}
