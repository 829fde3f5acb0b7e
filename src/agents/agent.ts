// The public door `baton/agent`: an agent of your own in ten lines.
export type { Message } from '../contracts/message.ts';
export {
  type AgentContext,
  type AgentDefinition,
  type AgentTask,
  type DefinedAgent,
  defineAgent,
} from './definition.ts';
export type { Ask } from './question.ts';
export { busy, rejected } from './refuse.ts';
export { type ServedAgent, type ServeOptions, serveAgent } from './serve.ts';
export type { AskOptions, RunDoor } from './serving/messages.ts';
export type { SharedState } from './serving/messages-state.ts';
