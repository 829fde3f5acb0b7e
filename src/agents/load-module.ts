import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { BatonError } from '../contracts/error.ts';
import { type AgentDefinition, defineAgent, isDefinedAgent } from './definition.ts';

/**
 * Loads a worker's own agents from a module, by a path relative to the working directory: its export `agents`, a list of
 * definitions, else every export made by defineAgent. Throws config_invalid that says what was expected.
 */
export async function loadAgents(file: string): Promise<readonly AgentDefinition[]> {
  const exported = await importModule(file);
  if (exported.agents !== undefined) return listed(exported.agents, file);
  const defined = Object.values(exported).filter(isDefinedAgent);
  if (defined.length > 0) return defined;
  throw new BatonError(
    'config_invalid',
    `${file} exports no agents: expected "export const agents = [...]" or an export made by defineAgent().`,
  );
}

async function importModule(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await import(pathToFileURL(path.resolve(file)).href);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BatonError('config_invalid', `The agents module ${file} could not be loaded: ${reason}`, { cause });
  }
}

function listed(agents: unknown, file: string): readonly AgentDefinition[] {
  if (!Array.isArray(agents) || agents.length === 0) {
    throw new BatonError('config_invalid', `"agents" of ${file} must be a list of at least one agent definition.`);
  }
  // defineAgent checks each one; a module of any kind may hold anything.
  return agents.map((agent: AgentDefinition) => (isDefinedAgent(agent) ? agent : defineAgent(Object(agent))));
}
