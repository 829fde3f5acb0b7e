import type { AgentDescriptor } from '../../contracts/agent.ts';
import type { HttpClient } from '../../outbound/http.ts';
import type { AgentCall, AgentEvent, CallLimits } from '../call.ts';
import type { Commands } from '../commands/commands.ts';
import type { LocalAgents } from '../local-agents.ts';

/** The configured model's server, for agents that are a role of it: the operator's own address, so its client is not the agents'. */
export type ModelServer = Readonly<{
  http: HttpClient;
  /** Ends in /v1 as a rule. */
  baseUrl: string;
  /** Undefined for servers that ask for none. */
  apiKey: string | undefined;
  /** The model of agents that name none. */
  model: string;
}>;

/** What a process can call beside HTTP: its own agents, its model and its commands; undefined where it has none. */
export type CallTools = Readonly<{
  http: HttpClient;
  local: LocalAgents;
  modelServer?: ModelServer | undefined;
  commands?: Commands | undefined;
}>;

/** All that a transport may need for one call. `signal` aborts when the caller stops for any reason. */
export type Invocation = CallTools &
  Readonly<{
    agent: AgentDescriptor;
    call: AgentCall;
    signal: AbortSignal;
    limits: CallLimits;
  }>;

/** One way to call an agent. Yields its events and one `done` at the end, or throws a BatonError; see test/suites/transport-suite.ts. */
export type Transport = (invocation: Invocation) => AsyncIterable<AgentEvent>;
