import type { Command } from 'commander';
import { wholeNumber } from './arguments.ts';
import type { Context } from './context.ts';
import { redisUrlOf } from './lone-redis.ts';

export function addApiCommand(program: Command, context: Context): void {
  program
    .command('api')
    .description('run one API process, on REDIS_URL or on the Redis of a running "baton start"')
    .option('--port <port>', 'port to listen on, 0 for a free one (BATON_PORT, else 4000)', wholeNumber(0, 65_535))
    .action(async (flags: { port?: number }) => {
      const config = context.loadConfig();
      context.finish(await context.processes.runApi(config, { ...flags, redisUrl: redisUrlOf(config) }));
    });
}
