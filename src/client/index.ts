// The package export baton/client.
export type { AgentDescriptor } from '../contracts/agent.ts';
export type { AgentChange, AgentDetail, AgentView, DiscoveryState } from '../contracts/agent-view.ts';
export type { Artifact, ArtifactList } from '../contracts/artifact.ts';
export { BatonError, type ErrorCode, type Fault } from '../contracts/error.ts';
export { type EventName, isTerminalEvent, type StreamEvent } from '../contracts/event.ts';
export { emptyRun, type FoldedRun, type FoldedTask, foldEvent, foldEvents } from '../contracts/fold.ts';
export type { InterruptView } from '../contracts/interrupt.ts';
export type { InboxPage, Message, MessageAccepted } from '../contracts/message.ts';
export type { Plan } from '../contracts/plan.ts';
export type { PlanAssessment } from '../contracts/plan-assessment.ts';
export type { RunAccepted, RunStatus, RunSummary, RunView } from '../contracts/run.ts';
export type { RunGraph } from '../contracts/run-graph.ts';
export type { SessionView } from '../contracts/session-view.ts';
export type { RunState, StateChange } from '../contracts/state.ts';
export type { PlanRef, StoredPlan, StoredPlanPage } from '../contracts/stored-plan.ts';
export type { AgentClient, AgentFilter, AgentInput, CardInput, ChangeOptions, InstanceOptions } from './agents.ts';
export type { ArtifactClient } from './artifacts.ts';
export {
  type CallOptions,
  type Client,
  type ClientOptions,
  openClient,
  type PageOptions,
  type RunInput,
  type SubmitOptions,
} from './client.ts';
export type { DecisionInput, InterruptOptions } from './interrupts.ts';
export type { InterruptPage, RunPage } from './listings.ts';
export type { MessageClient, MessageInput } from './messages.ts';
export type { PlanClient, SaveInput, SaveOptions } from './plans.ts';
export type { SessionClient } from './sessions.ts';
export type { PatchStateOptions, StateClient } from './state.ts';
export type { StreamOptions } from './stream.ts';
