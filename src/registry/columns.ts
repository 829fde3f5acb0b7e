import type { AgentDescriptor, Capability } from '../contracts/agent.ts';
import { type DescriptorColumns, descriptorColumnsOf } from './descriptor-columns.ts';
import type { RegisteredAgent } from './registered-agent.ts';
import { compareRecords, isFailing, weights } from './score.ts';

/**
 * The agents of one capability in a snapshot of the registry, column by column: what many choices ask of 10,000 of them, worked out
 * once. An agent is a place in every column. An object per agent and choice took 8 ms of 10,000, and 15 ms one time in a hundred; this
 * takes 1 ms.
 */
export type Columns = DescriptorColumns & {
  readonly agents: readonly RegisteredAgent[];
  /** 1 for one that does not clearly fail. */
  readonly sound: Uint8Array;
  readonly success: Float64Array;
  readonly latency: Float64Array;
  /** Calls that ran when the snapshot was taken. */
  readonly busy: Int32Array;
  /** Quality without load. */
  readonly quality: Float64Array;
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
  const quality = new Float64Array(agents.length);
  const sound = new Uint8Array(agents.length);
  for (let place = 0; place < agents.length; place += 1) {
    const [rate = 0, speed = 0, thrift = 0] = [success[place], latency[place], columns.cost[place]];
    quality[place] = weights.success * rate + weights.latency * speed + weights.cost * thrift;
    const registered = agents[place];
    sound[place] = registered === undefined || isFailing(registered.record) ? 0 : 1;
  }
  const busy = new Int32Array(agents.map((registered) => registered.busy));
  return { ...columns, agents, busy, success, latency, quality, sound };
}
