import type { AgentDescriptor } from '../contracts/agent.ts';
import type { Commands } from './commands/commands.ts';
import type { LocalAgents } from './local-agents.ts';

/** Whether this process can call an agent at all: its modules and commands are its own, everything else is reached from anywhere. */
export function canCall(
  { agent_id, transport, command }: AgentDescriptor,
  own: Readonly<{ local: LocalAgents; commands: Commands }>,
): boolean {
  if (transport === 'in_process') return own.local.has(agent_id);
  return transport !== 'command' || own.commands.has(command?.name ?? '');
}
