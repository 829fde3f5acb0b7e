import path from 'node:path';
import type { Command } from 'commander';
import { BatonError } from '../contracts/error.ts';
import { isProduction } from '../runtime/config.ts';
import { wholeNumber } from './arguments.ts';
import { type Context, exitCode } from './context.ts';
import { whenAborted } from './interruption.ts';
import { requireFreePort } from './port.ts';
import type { Stack } from './stack.ts';
import { withStack } from './with-stack.ts';

type StartFlags = { port?: number; workers: number; demoAgents: boolean; json?: boolean };

const MAX_WORKERS = 64;

export function addStartCommand(program: Command, context: Context): void {
  program
    .command('start')
    .description('run a whole baton here: API, workers, demo agents, and a Redis of its own unless REDIS_URL is set')
    .option('--port <port>', 'port of the API, 0 for a free one (BATON_PORT, else 4000)', wholeNumber(0, 65_535))
    .option('--workers <n>', 'worker processes', wholeNumber(1, MAX_WORKERS), 2)
    .option('--no-demo-agents', 'leave the demo agents out')
    .option('--json', 'one line of JSON on stdout when everything is ready')
    .action(async (flags: StartFlags) => context.finish(await start(context, flags)));
}

/** Serves until it is stopped. Exit code 0 after SIGTERM, which is how a service is stopped. */
async function start(
  context: Context,
  { port: asked, workers, demoAgents, json = false }: StartFlags,
): Promise<number> {
  const config = context.loadConfig();
  const { output } = context;
  const port = asked ?? config.port;
  await requireFreePort(config.host, port);
  const production = isProduction(config);
  if (production && demoAgents) output.say('no demo agents in production: they listen on loopback only');
  // People read the screen; the children's warnings still reach it.
  const env = json || config.logLevel !== 'info' ? {} : { BATON_LOG_LEVEL: 'warn' };
  const options = { config, port, workers, demoAgents: demoAgents && !production, env, endings: { SIGTERM: 0 } };
  return withStack(context, options, async (stack, signal) => {
    const { url, redisUrl: redis_url } = stack;
    const ready = { url, redis_url, pids: stack.pids() };
    await output.write(
      json ? `${JSON.stringify(ready)}\n` : announcement(stack, { home: config.home, demoAgents: options.demoAgents }),
    );
    await whenAborted([signal]);
    if (stack.failed.aborted) throw BatonError.from(stack.failed.reason);
    if (!json) output.say('stopping; a second signal stops at once');
    return exitCode.completed;
  });
}

function announcement(stack: Stack, { home, demoAgents }: { home: string; demoAgents: boolean }): string {
  const { url, model, redisUrl } = stack;
  const { workers, redis } = stack.pids();
  const body = JSON.stringify({ query: 'Write a short poem about artificial intelligence' });
  const headers = "-H 'content-type: application/json' -H 'accept: text/event-stream'";
  return [
    `baton runs at ${url}`,
    '',
    `  dashboard  ${url}/admin/queues`,
    `  model      ${modelLine(model)}`,
    `  redis      ${withoutPassword(redisUrl)}${redis === null ? '' : ` (data in ${path.resolve(home)})`}`,
    `  workers    ${workers.length}`,
    `  agents     ${demoAgents ? 'six demo agents' : 'none yet'}, and whoever registers: ${url}/v1/agents`,
    '',
    'Try it:',
    `  curl -N ${headers} ${url}/v1/runs -d '${body}'`,
    '',
    'Ctrl-C stops everything.',
    '',
  ].join('\n');
}

function modelLine({ name, url, offline }: Stack['model']): string {
  if (offline) return 'offline model: answers are canned; set OPENAI_API_KEY or OPENAI_BASE_URL for a real one';
  return url === undefined ? name : `${name} at ${url}`;
}

function withoutPassword(redisUrl: string): string {
  const url = new URL(redisUrl);
  if (url.password !== '') url.password = '***';
  return url.href.replace(/\/$/, '');
}
