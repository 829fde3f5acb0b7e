// agents: how to call an agent. One AsyncIterable of events above, one transport per file below.
import { type AgentDescriptor, isSelfContained, type StreamingMode } from '../contracts/agent.ts';
import { BatonError } from '../contracts/error.ts';
import type { HttpClient } from '../outbound/http.ts';
import { type AgentCall, type AgentEvent, type CallLimits, limitsOf } from './call.ts';
import type { LocalAgents } from './local-agents.ts';
import { inProcess } from './transports/in-process.ts';
import { invokeJson } from './transports/invoke-json.ts';
import { messageSse } from './transports/message-sse.ts';
import { staticText } from './transports/static-text.ts';
import { tokenSse } from './transports/token-sse.ts';
import type { Transport } from './transports/transport.ts';

export type InvokeOptions = Readonly<{
  agent: AgentDescriptor;
  call: AgentCall;
  /** Cancel, a lost lock or the task's deadline; its reason is thrown when it is a BatonError. */
  signal: AbortSignal;
  http: HttpClient;
  local: LocalAgents;
  /** Replaces single limits; the descriptor's are the default. */
  limits?: Partial<CallLimits>;
}>;

/**
 * Calls an agent once, when iteration begins. The last event of a good answer is exactly one `done`; any other end is a
 * thrown BatonError. `return()` ends the call at once, also while a `next()` is waiting.
 */
export function invokeAgent(options: InvokeOptions): AsyncIterable<AgentEvent> {
  return { [Symbol.asyncIterator]: () => openCall(options) };
}

function openCall(options: InvokeOptions): AsyncIterator<AgentEvent, void> {
  const { agent, signal, limits } = options;
  const left = new AbortController();
  const follow = (): void => left.abort(signal.reason);
  if (signal.aborted) follow();
  else signal.addEventListener('abort', follow, { once: true });
  const events = transportOf(agent)({
    ...options,
    signal: left.signal,
    limits: { ...limitsOf(agent), ...limits },
  })[Symbol.asyncIterator]();
  return {
    next: async () => {
      const step = await events.next();
      if (step.done === true) signal.removeEventListener('abort', follow);
      return step;
    },
    return: async () => {
      signal.removeEventListener('abort', follow);
      left.abort(new BatonError('cancelled', 'The reader has stopped.'));
      await events.return?.();
      return { done: true, value: undefined };
    },
  };
}

const httpTransports: Readonly<Record<StreamingMode, Transport>> = {
  dynamic_events: tokenSse,
  dynamic_messages: messageSse,
  static: invokeJson,
};

/** The mode is the agent's own word and never guessed from what it sends. */
function transportOf(agent: AgentDescriptor): Transport {
  if (isSelfContained(agent)) return staticText;
  switch (agent.transport) {
    case 'http':
      return httpTransports[agent.streaming_mode];
    case 'in_process':
      return inProcess;
    default:
      return unknownTransport(agent.transport);
  }
}

function unknownTransport(transport: never): never {
  throw new BatonError('internal', `No transport is called ${String(transport)}.`);
}
