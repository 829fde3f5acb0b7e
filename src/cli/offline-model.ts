import type { Command } from 'commander';
import { wholeNumber } from './arguments.ts';
import type { Context } from './context.ts';

/** The offline model as a service of its own, for a baton of several containers; `start` and `demo` have it inside, hence hidden. */
export function addOfflineModelCommand(program: Command, context: Context): void {
  program
    .command('offline-model', { hidden: true })
    .description('run the offline stand-in for a language model, which speaks the OpenAI protocol')
    .option('--host <address>', 'address to listen on (127.0.0.1)')
    .option('--port <port>', 'port to listen on (a free one)', wholeNumber(0, 65_535))
    .action(async (listen: { host?: string; port?: number }) =>
      context.finish(await context.processes.runOfflineModel(context.loadConfig(), listen)),
    );
}
