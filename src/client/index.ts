// The package export baton/client.
export type { AgentDescriptor } from '../contracts/agent.ts';
export type { AgentChange, AgentDetail, AgentView, DiscoveryState } from '../contracts/agent-view.ts';
export { BatonError, type ErrorCode, type Fault } from '../contracts/error.ts';
export { type EventName, isTerminalEvent, type StreamEvent } from '../contracts/event.ts';
export { emptyRun, type FoldedRun, type FoldedTask, foldEvent, foldEvents } from '../contracts/fold.ts';
export type { InterruptView } from '../contracts/interrupt.ts';
export type { Plan } from '../contracts/plan.ts';
export type { RunAccepted, RunStatus, RunSummary, RunView } from '../contracts/run.ts';
export type { AgentClient, AgentFilter, AgentInput, CardInput, ChangeOptions, InstanceOptions } from './agents.ts';
export {
  type CallOptions,
  type Client,
  type ClientOptions,
  type DecisionInput,
  type InterruptOptions,
  openClient,
  type PageOptions,
  type RunInput,
  type SubmitOptions,
} from './client.ts';
export type { InterruptPage, RunPage } from './listings.ts';
export type { StreamOptions } from './stream.ts';
