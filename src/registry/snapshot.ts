import type { AgentDescriptor, Capability } from '../contracts/agent.ts';
import { columnsOf } from './columns.ts';
import type { Descriptors } from './descriptors.ts';
import type { RegisteredAgent } from './registered-agent.ts';

/**
 * How old a snapshot may be: how long an agent whose health has expired can still be chosen. Health read at one moment is used for a
 * second at most, which leaves another one of the two that guarantees I8 allows.
 */
const FRESH_MS = 1_000;
/** From this age on it is read anew while it is still used, so that a choice seldom waits for Redis. */
const AGEING_MS = 500;

export type SnapshotOptions = {
  readonly descriptors: Descriptors;
  /** How these agents stand, read now; with what their work of one capability came to, or of all. */
  readonly loadState: (
    agents: readonly AgentDescriptor[],
    capability?: Capability,
  ) => Promise<readonly RegisteredAgent[]>;
};

/** Agents of one capability, or all, as they stood at most a second ago. Only what is asked for is read. */
export type Snapshot = {
  readonly read: (capability?: Capability) => Promise<readonly RegisteredAgent[]>;
  /** The same, read now. */
  readonly readNow: (capability?: Capability) => Promise<readonly RegisteredAgent[]>;
  /** This process has changed something: what was read before is not used any more. */
  readonly forget: () => void;
};

type Reading = { readonly began: number; readonly agents: Promise<readonly RegisteredAgent[]> };
/** `current` has been read; `coming` is on its way. */
type View = { current: Reading | undefined; coming: Reading | undefined };

export function openSnapshot({ descriptors, loadState }: SnapshotOptions): Snapshot {
  let views = new Map<Capability | 'all', View>();

  async function readNow(capability?: Capability): Promise<readonly RegisteredAgent[]> {
    await descriptors.sync();
    return capability === undefined ? loadState(descriptors.all()) : loadState(descriptors.of(capability), capability);
  }

  /** One reading serves everybody who asks while it is on its way. */
  function begin(view: View, capability?: Capability): Reading {
    if (view.coming !== undefined) return view.coming;
    const reading = { began: performance.now(), agents: readNow(capability) };
    view.coming = reading;
    reading.agents.then(
      (agents) => {
        // Before anybody chooses by it: of 10,000 agents it is the dearest part of a choice.
        if (capability !== undefined) columnsOf(agents, capability);
        view.current = reading;
        view.coming = undefined;
      },
      () => {
        view.coming = undefined; // whoever waits for it hears of the failure; the next one reads again
      },
    );
    return reading;
  }

  function read(capability?: Capability): Promise<readonly RegisteredAgent[]> {
    const view = views.get(capability ?? 'all') ?? { current: undefined, coming: undefined };
    views.set(capability ?? 'all', view);
    const age = view.current === undefined ? Number.POSITIVE_INFINITY : performance.now() - view.current.began;
    if (age < AGEING_MS && view.current !== undefined) return view.current.agents;
    const reading = begin(view, capability);
    return age < FRESH_MS && view.current !== undefined ? view.current.agents : reading.agents;
  }

  return {
    read,
    readNow,
    forget: () => {
      views = new Map();
    },
  };
}
