import type { AgentDescriptor } from '../contracts/agent.ts';
import { defaults } from '../contracts/limits.ts';
import type { Registry } from '../registry/registry.ts';

export type HeartbeatOptions = {
  readonly registry: Registry;
  readonly agents: readonly AgentDescriptor[];
  readonly onError: (error: unknown) => void;
};

/**
 * Registers this worker's in-process agents and keeps them healthy for as long as the worker runs: its loop is what serves them.
 * They are not taken out at the end, since other workers may serve them too; without any their health expires.
 */
export async function openLocalHeartbeat({ registry, agents, onError }: HeartbeatOptions): Promise<AsyncDisposable> {
  const beat = async (): Promise<void> => {
    for (const agent of agents) if (!(await registry.heartbeat(agent.agent_id))) await registry.put(agent);
  };
  for (const agent of agents) await registry.put(agent);
  let beating = false; // while Redis is away one beat waits, and not one more every few seconds
  const timer = setInterval(() => {
    if (beating) return;
    beating = true;
    void beat()
      .catch(onError)
      .finally(() => {
        beating = false;
      });
  }, defaults.heartbeatMs);
  return {
    [Symbol.asyncDispose]: async () => clearInterval(timer),
  };
}
