import { type AgentCall, type AgentEvent, type CallLimits, limitsOf } from '../../src/agents/call.ts';
import { openLocalAgents } from '../../src/agents/local-agents.ts';
import { a2a } from '../../src/agents/transports/a2a.ts';
import type { AgentDescriptor } from '../../src/contracts/agent.ts';
import { BatonError } from '../../src/contracts/error.ts';
import { openLocalHttp } from './http.ts';

export const testCall: AgentCall = {
  runId: 'r0123456789012345678901',
  taskId: 't1',
  attempt: 2,
  payload: { task_id: 't1', description: 'Say it.', context: { t0: 'before' }, failed_context: {}, query: 'it' },
  idempotencyKey: 'r0123456789012345678901.t1',
};

type Called = Readonly<{
  call?: Partial<AgentCall>;
  limits?: Partial<CallLimits>;
  signal?: AbortSignal;
  onEvent?: (event: AgentEvent) => void;
}>;

/** All events of one call, and the error that ended it. */
export async function askOverA2a(
  { agent }: { readonly agent: AgentDescriptor },
  { call = {}, limits = {}, signal, onEvent }: Called = {},
) {
  await using http = openLocalHttp();
  const events: AgentEvent[] = [];
  try {
    const invocation = {
      ...{ agent, call: { ...testCall, ...call }, limits: { ...limitsOf(agent), ...limits } },
      ...{ http, local: openLocalAgents([]), signal: signal ?? new AbortController().signal },
    };
    for await (const event of a2a(invocation)) {
      events.push(event);
      onEvent?.(event);
    }
    return { events, error: null };
  } catch (thrown) {
    if (thrown instanceof BatonError) return { events, error: thrown };
    throw new Error('expected a BatonError', { cause: thrown });
  }
}
