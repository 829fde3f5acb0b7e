import { type CommandReport, type CommandsOptions, openCommands } from '../agents/commands/commands.ts';
import { loadAgents } from '../agents/load-module.ts';
import { type LocalAgents, openLocalAgents } from '../agents/local-agents.ts';
import type { BatonAddress } from '../agents/serving/messages-call.ts';
import type { CallTools } from '../agents/transports/transport.ts';

export type CallToolsOptions = Pick<CallTools, 'http' | 'modelServer'> & {
  /** Modules whose agents run in this process. */
  readonly modules: readonly string[];
  /** Where they find baton's API. */
  readonly address: BatonAddress;
  readonly commands: CommandsOptions;
  readonly onCommand: (report: CommandReport) => void;
};

/** What this process can call: agents over HTTP, its own, its model, its commands. Throws config_invalid for faulty modules and commands. */
export async function openCallTools({ http, modelServer, modules, address, ...options }: CallToolsOptions) {
  const commands = await openCommands(options.commands);
  commands.reports.forEach(options.onCommand);
  return { http, modelServer, commands, local: await loadLocalAgents(modules, address) };
}

/** The agents of these modules, who find baton's API at `address`. */
export async function loadLocalAgents(modules: readonly string[], address: BatonAddress): Promise<LocalAgents> {
  return openLocalAgents((await Promise.all(modules.map(loadAgents))).flat(), address);
}
