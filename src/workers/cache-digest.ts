import { createHash } from 'node:crypto';
import type { AgentDescriptor } from '../contracts/agent.ts';
import type { AgentPayload } from '../contracts/payload.ts';

/**
 * What a result is filed under: SHA-256, in hex, of who was asked (id, version, and whatever of the descriptor can change the answer)
 * and of all it was told but the task's own id. Fields are put in order, so that the order in which somebody wrote them does not count.
 */
export function cacheDigest(agent: AgentDescriptor, { task_id: _, ...told }: AgentPayload): string {
  const { agent_id, version, transport, endpoint, streaming_mode, max_tokens } = agent;
  const { openai, a2a, mcp, command, model } = agent;
  const asked = {
    agent_id,
    version,
    transport,
    endpoint,
    streaming_mode,
    max_tokens,
    openai,
    a2a,
    mcp,
    command,
    model,
  };
  return createHash('sha256').update(JSON.stringify({ asked, told }, inOrder)).digest('hex');
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
