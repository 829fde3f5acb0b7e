import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Command, Option } from 'commander';
import { openClient, type RunInput } from '../client/client.ts';
import { loadPlan } from './arguments.ts';
import type { Context } from './context.ts';
import { conclude, follow } from './follow.ts';
import { withStack } from './with-stack.ts';

/** The seed's two demo queries: the second is the one with a dependency. */
const FIRST = 'Write a short poem about artificial intelligence and also look up the capital of France.';
const SECOND = 'Generate a Python function for binary search and summarize its time complexity.';

/** One is enough for a handful of tasks, and half of the time goes into starting processes. */
const WORKERS = 1;

type DemoFlags = { plan?: string; second?: boolean; json?: boolean };

export function addDemoCommand(program: Command, context: Context): void {
  program
    .command('demo')
    .description('start a baton of its own on free ports, run one query on it, show it live, and stop it again')
    .argument('[query]', 'another query than the demo one')
    .addOption(new Option('--plan <file>', 'run a ready plan (JSON) in place of a query').conflicts('second'))
    .option('--second', 'run the second demo query, which has a dependency')
    .option('--json', 'the events as NDJSON on stdout, and nothing else there')
    .action(async (query: string | undefined, flags: DemoFlags, command: Command) => {
      if (query !== undefined && (flags.plan ?? flags.second)) {
        command.error('error: expected a query, --plan or --second, and only one of them');
      }
      context.finish(await demo(context, query, flags));
    });
}

/** Never beside or upon a running baton: its own folder, its own Redis, free ports, this machine only. */
async function demo(
  context: Context,
  query: string | undefined,
  { plan, second, json = false }: DemoFlags,
): Promise<number> {
  const request: RunInput =
    plan === undefined ? { query: query ?? (second ? SECOND : FIRST) } : { plan: await loadPlan(plan) };
  const config = { ...context.loadConfig(), redisUrl: undefined, host: '127.0.0.1', home: scratchHome() };
  const quiet = config.logLevel === 'info' ? { BATON_LOG_LEVEL: 'warn' } : {};
  const env = { BATON_HOST: config.host, BATON_ENV: 'development', ...quiet };
  const say = json ? () => undefined : context.output.say;
  say('starting Redis, the API, a worker and six agents');
  return withStack(context, { config, port: 0, workers: WORKERS, demoAgents: true, env }, async (stack, signal) => {
    if (stack.model.offline) say('offline model: answers are canned; set OPENAI_API_KEY for a real one');
    const events = openClient({ url: stack.url }).submitAndStream(request, { signal });
    return conclude(await follow(events, context.output, json), context.output);
  });
}

/** A folder that goes with the process, however it exits. */
function scratchHome(): string {
  const home = mkdtempSync(path.join(tmpdir(), 'baton-demo-'));
  process.once('exit', () => rmSync(home, { recursive: true, force: true }));
  return home;
}
