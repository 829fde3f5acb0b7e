import type { Command } from 'commander';
import type { Context } from './context.ts';

/** What `start` and `demo` run as a child, and Compose as a service; of little use by hand, hence hidden. */
export function addDemoAgentsCommand(program: Command, context: Context): void {
  program
    .command('demo-agents', { hidden: true })
    .description('run the six demo agents for the baton at BATON_URL')
    .option('--host <address>', 'address to listen on (127.0.0.1)')
    .action(async (listen: { host?: string }) =>
      context.finish(await context.processes.runDemoAgents(context.loadConfig(), listen)),
    );
}
