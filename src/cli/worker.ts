import type { Command } from 'commander';
import type { Capability } from '../contracts/agent.ts';
import { capabilities, collect, wholeNumber } from './arguments.ts';
import type { Context } from './context.ts';
import { redisUrlOf } from './lone-redis.ts';

type WorkerFlags = { capabilities?: readonly Capability[]; concurrency?: number; agents?: readonly string[] };

const MAX_CONCURRENCY = 1_000;

export function addWorkerCommand(program: Command, context: Context): void {
  program
    .command('worker')
    .description('run one worker process, on REDIS_URL or on the Redis of a running "baton start"')
    .option('--capabilities <a,b>', 'the capabilities to serve (all)', capabilities)
    .option(
      '--concurrency <n>',
      'tasks of one capability at once (BATON_CONCURRENCY, else 20)',
      wholeNumber(1, MAX_CONCURRENCY),
    )
    .option('--agents <module>', 'a module whose agents run in this process; may be given several times', collect)
    .action(async (flags: WorkerFlags) => {
      const config = context.loadConfig();
      context.finish(await context.processes.runWorker(config, { ...flags, redisUrl: redisUrlOf(config) }));
    });
}
