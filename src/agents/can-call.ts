import type { AgentDescriptor } from '../contracts/agent.ts';
import type { CallTools } from './transports/transport.ts';

/** Whether this process can call an agent at all: its modules, commands and model are its own, everything else is reached from anywhere. */
export function canCall(
  { agent_id, transport, command }: AgentDescriptor,
  own: Pick<CallTools, 'local' | 'commands' | 'modelServer'>,
): boolean {
  switch (transport) {
    case 'in_process':
      return own.local.has(agent_id);
    case 'command':
      return own.commands?.has(command?.name ?? '') === true;
    case 'model':
      return own.modelServer !== undefined;
    default:
      return true;
  }
}
