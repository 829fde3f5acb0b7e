// agents: how to call an agent. One AsyncIterable of events above, one transport per file below.
import { type AgentDescriptor, isSelfContained, type StreamingMode } from '../contracts/agent.ts';
import { BatonError } from '../contracts/error.ts';
import { type AgentCall, type AgentEvent, type CallLimits, limitsOf } from './call.ts';
import { a2a } from './transports/a2a.ts';
import { messageStream, tokenStream } from './transports/agent-stream.ts';
import { command } from './transports/command.ts';
import { inProcess } from './transports/in-process.ts';
import { invokeJson } from './transports/invoke-json.ts';
import { mcp } from './transports/mcp.ts';
import { model } from './transports/model.ts';
import { openai } from './transports/openai.ts';
import { staticText } from './transports/static-text.ts';
import type { CallTools, Transport } from './transports/transport.ts';

export type InvokeOptions = CallTools &
  Readonly<{
    agent: AgentDescriptor;
    call: AgentCall;
    /** Cancel, a lost lock or the task's deadline; its reason is thrown when it is a BatonError. */
    signal: AbortSignal;
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
  const { agent, signal, limits, http } = options;
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
      try {
        const step = await events.next();
        if (step.done === true) signal.removeEventListener('abort', follow);
        return step;
      } catch (thrown) {
        signal.removeEventListener('abort', follow);
        throw await http.conceal(agent, BatonError.from(thrown));
      }
    },
    return: async () => {
      signal.removeEventListener('abort', follow);
      left.abort(new BatonError('cancelled', 'The reader has stopped.'));
      await events.return?.();
      return { done: true, value: undefined };
    },
  };
}

/** The mode is the agent's own word and never guessed from what it sends. */
const byMode: Readonly<Record<StreamingMode, Transport>> = {
  dynamic_events: tokenStream,
  dynamic_messages: messageStream,
  static: invokeJson,
};

const transports: Readonly<Record<AgentDescriptor['transport'], Transport>> = {
  http: (invocation) => byMode[invocation.agent.streaming_mode](invocation),
  openai,
  a2a,
  mcp,
  in_process: inProcess,
  command,
  model,
};

function transportOf(agent: AgentDescriptor): Transport {
  return isSelfContained(agent) ? staticText : transports[agent.transport];
}
