import { type Command, Option } from 'commander';
import type { AgentFilter } from '../client/agents.ts';
import { Capability } from '../contracts/agent.ts';
import type { AgentView } from '../contracts/agent-view.ts';
import { type Context, exitCode } from './context.ts';
import { clean } from './paint.ts';
import { clientOf, type RemoteFlags, urlOption } from './remote.ts';
import { renderTable } from './table.ts';

type AgentsFlags = AgentFilter & RemoteFlags & { json?: boolean };

export function addAgentsCommand(program: Command, context: Context): void {
  program
    .command('agents')
    .description('list the agents of a running baton')
    .option(...urlOption)
    .addOption(new Option('--capability <capability>', 'only those that offer it').choices(Capability.options))
    .option('--skill <skill>', 'only those that name this skill')
    .option('--healthy', 'only those that serve now')
    .option('--q <text>', 'only those with this in id, name or description')
    .option('--json', 'the agents as one JSON array')
    .action(async (flags: AgentsFlags) => context.finish(await listAgents(context, flags)));
}

async function listAgents(context: Context, { url, json, ...filter }: AgentsFlags): Promise<number> {
  const agents = await clientOf(context, { url }).agents(filter);
  await context.output.write(json ? `${JSON.stringify(agents)}\n` : tableOf(agents, isFiltered(filter)));
  return exitCode.completed;
}

const heads = 'agent capabilities mode priority health breaker busy success calls source endpoint'.split(' ');

function tableOf(agents: readonly AgentView[], filtered: boolean): string {
  if (agents.length === 0) return filtered ? 'No agent is like that.\n' : 'No agent is registered.\n';
  return `${renderTable([heads, ...agents.map((agent) => rowOf(agent).map(clean))])}\n`;
}

/** `busy` is told only where calls at once are counted, `success` only where there have been calls to judge by. */
function rowOf(agent: AgentView): readonly string[] {
  const { max_concurrent_tasks: most, busy, record } = agent;
  return [
    agent.agent_id,
    agent.capabilities.join(' '),
    agent.streaming_mode,
    `${agent.priority}`,
    agent.healthy ? 'healthy' : 'unhealthy',
    agent.broken ? 'open' : 'closed',
    most === null ? '-' : `${busy}/${most}`,
    record.weight === 0 ? '-' : `${Math.round(100 * record.success)}%`,
    record.weight === 0 ? '-' : record.weight.toFixed(1),
    agent.source,
    agent.endpoint ?? agent.transport,
  ];
}

function isFiltered({ capability: offered, skill, healthy, q }: AgentFilter): boolean {
  return [offered, skill, healthy, q].some((value) => value !== undefined);
}
