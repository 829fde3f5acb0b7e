// The public door `baton/agent`: an agent of your own in ten lines.
export {
  type AgentContext,
  type AgentDefinition,
  type AgentTask,
  defineAgent,
} from './definition.ts';
export type { Ask } from './question.ts';
export { busy, rejected } from './refuse.ts';
export { type ServedAgent, type ServeOptions, serveAgent } from './serve.ts';
