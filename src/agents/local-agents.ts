import type { AgentDescriptor } from '../contracts/agent.ts';
import { BatonError } from '../contracts/error.ts';
import type { AgentCall, AgentEvent } from './call.ts';
import { traceparentOf } from './call-headers.ts';
import { type AgentDefinition, toDescriptor } from './definition.ts';
import { runDefinition } from './run-definition.ts';
import { openRunDoor } from './serving/messages.ts';
import type { BatonAddress } from './serving/messages-call.ts';

/** The agents that live in this process, by id. */
export type LocalAgents = Readonly<{
  descriptors: readonly AgentDescriptor[];
  has(agentId: string): boolean;
  /** One call's events, without limits. Throws agent_unreachable for an agent that this process has not loaded. */
  invoke(agentId: string, call: AgentCall, signal: AbortSignal): AsyncIterable<AgentEvent>;
}>;

/**
 * Makes definitions callable; `address` is where they find baton to talk with others of their run. Throws config_invalid for a faulty one
 * and for an id used twice. Holds nothing to close.
 */
export function openLocalAgents(definitions: readonly AgentDefinition[], address?: BatonAddress): LocalAgents {
  const descriptors = definitions.map((definition) => toDescriptor(definition, { transport: 'in_process' }));
  const byId = new Map(definitions.map((definition) => [definition.id, definition]));
  if (byId.size < definitions.length)
    throw new BatonError('config_invalid', `Two agents have the same id: ${twiceIn(definitions)}.`);
  return {
    descriptors,
    has: (agentId) => byId.has(agentId),
    invoke: (agentId, call, signal) => {
      const definition = byId.get(agentId);
      if (definition === undefined) {
        throw new BatonError('agent_unreachable', `The agent "${agentId}" is not loaded in this worker.`);
      }
      const { runId, taskId, attempt, idempotencyKey } = call;
      const traceparent = traceparentOf(call);
      const door = openRunDoor({ address, agent: agentId, runId, taskId, signal });
      return runDefinition(definition, call.payload, { signal, runId, attempt, idempotencyKey, traceparent, ...door });
    },
  };
}

function twiceIn(definitions: readonly AgentDefinition[]): string {
  const ids = definitions.map(({ id }) => id);
  return ids.filter((id, index) => ids.indexOf(id) !== index).join(', ');
}
