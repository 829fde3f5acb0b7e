import type { AgentDescriptor } from '../contracts/agent.ts';
import type { HttpClient } from '../outbound/http.ts';

/** An agent is asked at most once in so many milliseconds by one process, however many tasks wait for it. */
const PROBE_EVERY_MS = 1_000;
const PROBE_LIMITS = { firstByteMs: 2_000, idleMs: 2_000, totalMs: 2_000, maxBytes: 64_000 } as const;

/** Asks health endpoints: true when the agent answers 200 in time (the seed's health check). Never throws. */
export function openProbe(http: HttpClient): (agent: AgentDescriptor) => Promise<boolean> {
  const asked = new Map<string, { readonly at: number; readonly answer: Promise<boolean> }>();
  return (agent) => {
    const now = performance.now();
    for (const [id, { at }] of asked) if (now - at >= PROBE_EVERY_MS) asked.delete(id);
    const recent = asked.get(agent.agent_id);
    if (recent !== undefined) return recent.answer;
    const answer = isServing(http, agent);
    asked.set(agent.agent_id, { at: now, answer });
    return answer;
  };
}

async function isServing(http: HttpClient, { endpoint, health_endpoint }: AgentDescriptor): Promise<boolean> {
  if (endpoint === null) return false;
  const url = `${endpoint.replace(/\/+$/, '')}${health_endpoint}`;
  try {
    const response = await http.request({ url, method: 'GET', limits: PROBE_LIMITS });
    await response.body[Symbol.asyncIterator]().return?.();
    return response.status === 200;
  } catch {
    return false; // no answer is the answer: the task that waits reports it as no_suitable_agent
  }
}
