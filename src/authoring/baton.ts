// The package export baton: agents, plans and flows in TypeScript, and the client that has them done.
export {
  type AgentContext,
  type AgentDefinition,
  type AgentTask,
  type DefinedAgent,
  defineAgent,
} from '../agents/definition.ts';
export { busy, rejected } from '../agents/refuse.ts';
export { type ServedAgent, type ServeOptions, serveAgent } from '../agents/serve.ts';
export { type Client, openClient } from '../client/client.ts';
export { BatonError, type ErrorCode } from '../contracts/error.ts';
export type { Plan } from '../contracts/plan.ts';
export type { RunView } from '../contracts/run.ts';
export { definePlan, type PlanSketch } from './define-plan.ts';
export type { GatherHandle, JoinOptions, TaskHandle } from './handle.ts';
export { type FlowOptions, type Orchestration, orchestrate } from './orchestrate.ts';
export { resultOf } from './result-of.ts';
export { type ApproveOptions, approve, type Doer, type HumanDecision, type TaskOptions, task } from './task.ts';
export type { FlowTools, GatheredSteps, StepHandle } from './tools.ts';
