import type { AgentDescriptor } from '../contracts/agent.ts';
import type { Probe } from './probe.ts';
import { probeTarget } from './probe-target.ts';
import type { AgentSign } from './registry.ts';
import { judge, type Verdict } from './verdict.ts';

/** Probes at once: thousands of agents within their period, and those that do not answer hold up few places. */
const AT_ONCE = 64;
/** How soon a doubt is followed up: three bad answers are together before the health of a last good one has run out. */
const DOUBT_MS = 1_000;
/** An agent that stays down is asked less and less often, up to this. */
const LONGEST_MS = 60_000;

export type ProberOptions = {
  readonly probe: Probe;
  /** Milliseconds between two probes of one agent. */
  readonly periodMs: number;
  /** What the probes found, for the registry. */
  readonly onServing: (agent: string) => Promise<void>;
  readonly onFallen: (agent: string) => Promise<void>;
  readonly onError: (error: unknown) => void;
};

/** What one process knows of an agent it probes; `dueAt` by the monotonic clock. */
type Watched = {
  agent: AgentDescriptor;
  verdict: Verdict | undefined;
  dueAt: number;
  downFor: number;
  isAsked: boolean;
};

/** Probes agents that send no heartbeats. */
export type Prober = {
  /** Looks at all agents and begins the probes that are due, as many at once as may be; does not wait for them. None: it stops. */
  look(agents: readonly AgentSign[]): void;
  /** Resolves when no probe is under way. */
  settled(): Promise<void>;
};

export function openProber(options: ProberOptions): Prober {
  const { periodMs } = options;
  const watched = new Map<string, Watched>();
  const underWay = new Set<Promise<void>>();
  let due: Iterator<Watched> = [].values();

  function look(agents: readonly AgentSign[]): void {
    const asked = agents.filter(({ agent, sign }) => sign !== 'heartbeat' && probeTarget(agent) !== undefined);
    forgetOthers(watched, asked);
    const now = performance.now();
    for (const sign of asked) watch(watched, sign, now + periodMs);
    due = dueOf(watched.values(), now).values();
    beginDue();
  }

  function beginDue(): void {
    while (underWay.size < AT_ONCE) {
      const next = due.next();
      if (next.done === true) return;
      begin(next.value);
    }
  }

  function begin(state: Watched): void {
    state.isAsked = true;
    const work = ask(options, state)
      .catch(options.onError)
      .finally(() => {
        state.isAsked = false;
        state.dueAt = performance.now() + pauseMs(state, periodMs);
        underWay.delete(work);
        beginDue();
      });
    underWay.add(work);
  }

  return { look, settled: async () => void (await Promise.allSettled(underWay)) };
}

/** Those that count as serving first: they lose that when nobody asks them in time. */
function dueOf(watched: Iterable<Watched>, now: number): readonly Watched[] {
  const isDown = ({ verdict }: Watched): number => (verdict?.serving === true ? 0 : 1);
  return [...watched]
    .filter(({ isAsked, dueAt }) => !isAsked && dueAt <= now)
    .toSorted((a, b) => isDown(a) - isDown(b) || a.dueAt - b.dueAt);
}

/** One that has just registered has a period to send its first heartbeat; what probes or calls have kept until now is asked at once. */
function watch(watched: Map<string, Watched>, { agent, sign }: AgentSign, laterAt: number): void {
  const known = watched.get(agent.agent_id);
  if (known === undefined) {
    const verdict = sign === null ? undefined : { serving: true, contrary: 0 };
    const dueAt = sign === 'registration' ? laterAt : 0;
    watched.set(agent.agent_id, { agent, verdict, dueAt, downFor: 0, isAsked: false });
    return;
  }
  known.agent = agent;
  // Redis decides: its health has run out, or somebody else found that it serves (a task that waited for it, its registration).
  if (known.verdict !== undefined && known.verdict.serving !== (sign !== null) && !known.isAsked)
    known.verdict = { serving: sign !== null, contrary: 0 };
}

async function ask({ probe, onServing, onFallen }: ProberOptions, state: Watched): Promise<void> {
  const { agent, verdict: before } = state;
  const answered = await probe(agent);
  state.verdict = judge(before, answered);
  state.downFor = answered ? 0 : state.downFor + 1;
  if (state.verdict.serving && answered) await onServing(agent.agent_id);
  if (!state.verdict.serving && before?.serving === true) await onFallen(agent.agent_id);
}

/** Short while the last answers contradict what is held of the agent; doubles while it stays down. */
function pauseMs({ verdict, downFor }: Watched, periodMs: number): number {
  if (verdict !== undefined && verdict.contrary > 0) return Math.min(periodMs, DOUBT_MS);
  if (verdict?.serving === true || downFor <= 1) return periodMs;
  return Math.min(periodMs * 2 ** Math.min(downFor - 1, 10), Math.max(LONGEST_MS, periodMs));
}

function forgetOthers(watched: Map<string, Watched>, asked: readonly AgentSign[]): void {
  const ids = new Set(asked.map(({ agent }) => agent.agent_id));
  for (const id of watched.keys()) if (!ids.has(id)) watched.delete(id);
}
