import type { AgentDescriptor } from '../contracts/agent.ts';
import type { Probe } from './probe.ts';
import { probeTarget } from './probe-target.ts';
import type { AgentSign } from './registry.ts';
import { judge, type Verdict } from './verdict.ts';

/** Probes at once: many agents that do not answer must not hold up those that do. */
const AT_ONCE = 32;
/** An agent that stays down is asked less and less often, up to this. */
const LONGEST_MS = 60_000;

export type ProberOptions = {
  readonly probe: Probe;
  /** Milliseconds between two probes of one agent. */
  readonly periodMs: number;
  /** What the probes found, for the registry. */
  readonly onServing: (agent: string) => Promise<void>;
  /** It has not answered, and still counts as one that serves. */
  readonly onDoubt: (agent: string) => Promise<void>;
  readonly onFallen: (agent: string) => Promise<void>;
  readonly onError: (error: unknown) => void;
};

/** What one process knows of an agent it probes; `dueAt` by the monotonic clock. */
type Watched = { verdict: Verdict | undefined; dueAt: number; downFor: number; isAsked: boolean };

/** Probes agents that send no heartbeats. */
export type Prober = {
  /** Looks at all agents and begins the probes that are due; does not wait for them. */
  look(agents: readonly AgentSign[]): void;
  /** Resolves when no probe is under way. */
  settled(): Promise<void>;
};

export function openProber(options: ProberOptions): Prober {
  const { periodMs } = options;
  const watched = new Map<string, Watched>();
  const underWay = new Set<Promise<void>>();

  function look(agents: readonly AgentSign[]): void {
    const asked = agents.filter(({ agent, sign }) => sign !== 'heartbeat' && probeTarget(agent) !== undefined);
    forgetOthers(watched, asked);
    const now = performance.now();
    const due = asked
      .map(({ agent, sign }) => ({ agent, state: openState(watched, { agent, sign }, now + periodMs) }))
      .filter(({ state }) => !state.isAsked && state.dueAt <= now)
      .toSorted((a, b) => a.state.dueAt - b.state.dueAt);
    for (const { agent, state } of due.slice(0, Math.max(0, AT_ONCE - underWay.size))) begin(agent, state);
  }

  function begin(agent: AgentDescriptor, state: Watched): void {
    state.isAsked = true;
    const work = ask(options, agent, state)
      .catch(options.onError)
      .finally(() => {
        state.isAsked = false;
        state.dueAt = performance.now() + pauseMs(state, periodMs);
        underWay.delete(work);
      });
    underWay.add(work);
  }

  return { look, settled: async () => void (await Promise.allSettled(underWay)) };
}

/** One that has just registered, or is heard of for the first time as healthy, has a period to send its first heartbeat. */
function openState(watched: Map<string, Watched>, { agent, sign }: AgentSign, laterAt: number): Watched {
  const known = watched.get(agent.agent_id);
  if (known !== undefined) {
    // Redis decides: its health has run out, or somebody else found that it serves (a task that waited for it, its registration).
    if (known.verdict !== undefined && known.verdict.serving !== (sign !== null) && !known.isAsked)
      known.verdict = { serving: sign !== null, contrary: 0 };
    return known;
  }
  const verdict = sign === null ? undefined : { serving: true, contrary: 0 };
  const state = { verdict, dueAt: sign === null ? 0 : laterAt, downFor: 0, isAsked: false };
  watched.set(agent.agent_id, state);
  return state;
}

async function ask(options: ProberOptions, agent: AgentDescriptor, state: Watched): Promise<void> {
  const { agent_id: id } = agent;
  const before = state.verdict;
  const answered = await options.probe(agent);
  const verdict = judge(before, answered);
  state.verdict = verdict;
  state.downFor = answered ? 0 : state.downFor + 1;
  // Without the doubt its health could run out before the answer that decides.
  if (verdict.serving) await (answered ? options.onServing(id) : options.onDoubt(id));
  else if (before?.serving === true) await options.onFallen(id);
}

/** Doubles while the agent stays down. */
function pauseMs({ verdict, downFor }: Watched, periodMs: number): number {
  if (verdict?.serving === true || downFor <= 1) return periodMs;
  return Math.min(periodMs * 2 ** Math.min(downFor - 1, 10), Math.max(LONGEST_MS, periodMs));
}

function forgetOthers(watched: Map<string, Watched>, asked: readonly AgentSign[]): void {
  const ids = new Set(asked.map(({ agent }) => agent.agent_id));
  for (const id of watched.keys()) if (!ids.has(id)) watched.delete(id);
}
