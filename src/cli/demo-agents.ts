import type { Command } from 'commander';
import type { Context } from './context.ts';

/** What `start` and `demo` run as a child; of little use by hand, hence hidden. */
export function addDemoAgentsCommand(program: Command, context: Context): void {
  program
    .command('demo-agents', { hidden: true })
    .description('run the six demo agents for the baton at BATON_URL')
    .action(async () => context.finish(await context.processes.runDemoAgents(context.loadConfig())));
}
