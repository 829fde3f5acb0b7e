import type { Command } from 'commander';
import { openClient } from '../client/client.ts';
import type { ListedAgent } from '../client/listings.ts';
import { httpUrl } from './arguments.ts';
import { type Context, exitCode } from './context.ts';
import { clean } from './paint.ts';
import { renderTable } from './table.ts';

type AgentsFlags = { url?: string; json?: boolean };

export function addAgentsCommand(program: Command, context: Context): void {
  program
    .command('agents')
    .description('list the agents of a running baton')
    .option('--url <url>', 'where baton listens (BATON_URL, else http://127.0.0.1:4000)', httpUrl)
    .option('--json', 'the descriptors as one JSON array')
    .action(async (flags: AgentsFlags) => context.finish(await listAgents(context, flags)));
}

async function listAgents(
  { output, loadConfig }: Context,
  { url = loadConfig().url, json }: AgentsFlags,
): Promise<number> {
  const agents = await openClient({ url }).agents();
  await output.write(json ? `${JSON.stringify(agents)}\n` : tableOf(agents));
  return exitCode.completed;
}

function tableOf(agents: readonly ListedAgent[]): string {
  if (agents.length === 0) return 'No agent is registered.\n';
  const heads = ['agent', 'capabilities', 'mode', 'priority', 'health', 'endpoint'];
  const rows = agents.map((agent) => [
    agent.agent_id,
    agent.capabilities.join(' '),
    agent.streaming_mode,
    `${agent.priority}`,
    agent.healthy ? 'healthy' : 'unhealthy',
    agent.endpoint ?? agent.transport,
  ]);
  return `${renderTable([heads, ...rows.map((row) => row.map(clean))])}\n`;
}
