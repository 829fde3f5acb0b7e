import type { AgentDescriptor } from '../contracts/agent.ts';
import { defaults } from '../contracts/limits.ts';
import type { Registry } from '../registry/registry.ts';

export type HeartbeatOptions = {
  readonly registry: Registry;
  readonly agents: readonly AgentDescriptor[];
  /** Whether this worker runs an agent that somebody else has registered: a command that it has. */
  readonly runsHere?: (agent: AgentDescriptor) => boolean;
  /** How long a heartbeat counts, in milliseconds: three are sent in that time at least. */
  readonly healthTtlMs: number;
  readonly onError: (error: unknown) => void;
};

/**
 * Registers this worker's in-process agents and keeps them healthy for as long as the worker runs, and the commands that it has: its
 * loop is what serves them.
 * They are not taken out at the end, since other workers may serve them too; without any their health expires.
 */
export async function openLocalHeartbeat(options: HeartbeatOptions): Promise<AsyncDisposable> {
  const { registry, agents, runsHere = () => false, healthTtlMs, onError } = options;
  const keep = async (agent: AgentDescriptor): Promise<void> => {
    if (!(await registry.heartbeat(agent.agent_id))) await registry.put(agent);
  };
  const beat = async (): Promise<void> => {
    // One that somebody else has taken over must not silence the others.
    for (const agent of agents) await keep(agent).catch(onError);
    for (const { agent } of await registry.recent()) if (runsHere(agent)) await registry.revive(agent.agent_id);
  };
  for (const agent of agents) await registry.put(agent);
  let beating = false; // while Redis is away one beat waits, and not one more every few seconds
  const timer = setInterval(
    () => {
      if (beating) return;
      beating = true;
      void beat()
        .catch(onError)
        .finally(() => {
          beating = false;
        });
    },
    Math.min(defaults.heartbeatMs, healthTtlMs / 3),
  );
  return {
    [Symbol.asyncDispose]: async () => clearInterval(timer),
  };
}
