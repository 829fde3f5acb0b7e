import type { AgentDescriptor } from '../contracts/agent.ts';
import type { HttpClient } from '../outbound/http.ts';
import { probeTarget } from './probe-target.ts';

/** An agent is asked at most once in so many milliseconds by one process, however many tasks wait for it. */
const PROBE_EVERY_MS = 1_000;
const PROBE_LIMITS = { firstByteMs: 2_000, idleMs: 2_000, totalMs: 2_000, maxBytes: 64_000 } as const;

/** Asks whether an agent serves: true when it answers in time as its protocol has it. Never throws. */
export type Probe = (agent: AgentDescriptor) => Promise<boolean>;

/** A probe for tasks that wait for an agent: whoever asks about one that has just been asked gets the same answer. */
export function openProbe(http: HttpClient): Probe {
  const ask = openPlainProbe(http);
  const asked = new Map<string, { readonly at: number; readonly answer: Promise<boolean> }>();
  return (agent) => {
    const now = performance.now();
    for (const [id, { at }] of asked) if (now - at >= PROBE_EVERY_MS) asked.delete(id);
    const recent = asked.get(agent.agent_id);
    if (recent !== undefined) return recent.answer;
    const answer = ask(agent);
    asked.set(agent.agent_id, { at: now, answer });
    return answer;
  };
}

/** A probe that asks each time. */
export function openPlainProbe(http: HttpClient): Probe {
  return async (agent) => {
    const target = probeTarget(agent);
    if (target === undefined) return false;
    try {
      const access = isAtHome(agent, target.url) ? { auth: agent.auth, tls: agent.tls } : undefined;
      const response = await http.request({ url: target.url, method: 'GET', access, limits: PROBE_LIMITS });
      await response.body[Symbol.asyncIterator]().return?.();
      return target.isServing(response.status);
    } catch {
      return false; // no answer is the answer: whoever asked says what follows from it
    }
  };
}

/** Secrets are for the agent's own origin: a card may lie elsewhere. */
function isAtHome({ endpoint }: AgentDescriptor, url: string): boolean {
  return endpoint !== null && new URL(endpoint).origin === new URL(url).origin;
}
