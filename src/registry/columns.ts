import type { AgentDescriptor, Capability } from '../contracts/agent.ts';
import { type DescriptorColumns, descriptorColumnsOf } from './descriptor-columns.ts';
import { type HistoryColumns, historyColumnsOf } from './history-columns.ts';
import type { RegisteredAgent } from './registered-agent.ts';
import { compareRecords, isFailing, weights } from './score.ts';

/**
 * The agents of one capability in a snapshot of the registry, column by column: what many choices ask of 10,000 of them, worked out
 * once. An agent is a place in every column. An object per agent and choice took 8 ms of 10,000, and 15 ms one time in a hundred; this
 * takes 1 ms.
 */
export type Columns = DescriptorColumns &
  HistoryColumns & {
    readonly agents: readonly RegisteredAgent[];
    /** 1 for one that does not clearly fail. */
    readonly sound: Uint8Array;
    readonly success: Float64Array;
    readonly latency: Float64Array;
    /** Calls that ran when the snapshot was taken. */
    readonly busy: Int32Array;
    /** All parts together, without load. */
    readonly merit: Float64Array;
  };

const known = new WeakMap<readonly RegisteredAgent[], Map<Capability, Columns>>();

/** The columns of a snapshot, which must not change after this. */
export function columnsOf(snapshot: readonly RegisteredAgent[], capability: Capability): Columns {
  const ofSnapshot = known.get(snapshot) ?? new Map<Capability, Columns>();
  known.set(snapshot, ofSnapshot);
  const columns = ofSnapshot.get(capability) ?? workOut(snapshot, capability);
  ofSnapshot.set(capability, columns);
  return columns;
}

function workOut(snapshot: readonly RegisteredAgent[], capability: Capability): Columns {
  const agents = snapshot.filter(({ agent }) => agent.capabilities.includes(capability));
  const descriptors: readonly AgentDescriptor[] = agents.map(({ agent }) => agent);
  const columns = descriptorColumnsOf(descriptors);
  const { success, latency } = compareRecords(agents.map(({ record }) => record));
  const { quality, cost } = historyColumnsOf(agents, capability);
  const merit = meritOf({ success, quality, latency, cost });
  const sound = new Uint8Array(agents.length);
  for (const [place, { record }] of agents.entries()) sound[place] = isFailing(record) ? 0 : 1;
  const busy = new Int32Array(agents.map((registered) => registered.busy));
  return { ...columns, agents, busy, success, quality, latency, cost, merit, sound };
}

type Part = Exclude<keyof typeof weights, 'load'>;

function meritOf(parts: Readonly<Record<Part, Float64Array>>): Float64Array {
  const { success, quality, latency, cost } = parts;
  const merit = new Float64Array(success.length);
  for (let place = 0; place < merit.length; place += 1) {
    const [rate = 0, worth = 0, speed = 0, thrift = 0] = [success[place], quality[place], latency[place], cost[place]];
    merit[place] = weights.success * rate + weights.quality * worth + weights.latency * speed + weights.cost * thrift;
  }
  return merit;
}
