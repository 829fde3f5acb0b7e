import type { AgentDescriptor } from '../../contracts/agent.ts';
import type { HttpClient } from '../../outbound/http.ts';
import type { AgentCall, AgentEvent, CallLimits } from '../call.ts';
import type { LocalAgents } from '../local-agents.ts';

/** All that a transport may need for one call. `signal` aborts when the caller stops for any reason. */
export type Invocation = Readonly<{
  agent: AgentDescriptor;
  call: AgentCall;
  signal: AbortSignal;
  limits: CallLimits;
  http: HttpClient;
  local: LocalAgents;
}>;

/** One way to call an agent. Yields its events and one `done` at the end, or throws a BatonError; see test/suites/transport-suite.ts. */
export type Transport = (invocation: Invocation) => AsyncIterable<AgentEvent>;
