import type { Command } from 'commander';
import type { Client } from '../client/client.ts';
import { type Context, exitCode } from './context.ts';
import { conclude, follow } from './follow.ts';
import { exitCodeOf, type Interruption, openInterruption } from './interruption.ts';
import { clientOf, type RemoteFlags, urlOption } from './remote.ts';
import { addRequestOptions, type RequestFlags, requestOf } from './run-request.ts';

type RunFlags = RequestFlags & RemoteFlags & { json?: boolean; idempotencyKey?: string };

/** How long Ctrl-C waits for the word that the run is cancelled. */
const CANCEL_MS = 3_000;

export function addRunCommand(program: Command, context: Context): void {
  const command = program
    .command('run')
    .description('run a query, or a ready plan, on a running baton and show it live; Ctrl-C cancels it')
    .argument('[query]', 'what is to be done');
  addRequestOptions(command)
    .option(...urlOption)
    .option('--idempotency-key <key>', 'the same key and request is the same run, whose events are shown again')
    .option('--json', 'the events as NDJSON on stdout, and nothing else there')
    .action(async (query: string | undefined, flags: RunFlags) => context.finish(await run(context, query, flags)));
}

async function run(context: Context, query: string | undefined, flags: RunFlags): Promise<number> {
  const { json = false, idempotencyKey } = flags;
  const request = await requestOf(query, flags);
  const client = clientOf(context, flags);
  const interruption = openInterruption();
  const { output } = context;
  const signal = AbortSignal.any([interruption.signal, output.gone]);
  let id: string | undefined;
  try {
    id = (await client.submit(request, { signal, idempotencyKey })).run_id;
    return conclude(await follow(client.stream(id, { signal }), output, json), output);
  } catch (error) {
    if (interruption.signal.aborted) return await leave({ context, client, interruption, id });
    if (output.gone.aborted) return exitCode.completed;
    throw error;
  }
}

type Leaving = {
  readonly context: Context;
  readonly client: Client;
  readonly interruption: Interruption;
  readonly id: string | undefined;
};

/** Ctrl-C is a person who does not want the answer any more; any other signal ends this process, not the run. */
async function leave({ context, client, interruption, id }: Leaving): Promise<number> {
  const { say } = context.output;
  const by = interruption.by() ?? 'SIGINT';
  if (id !== undefined && by === 'SIGINT') {
    const cancelled = await client.cancel(id, { signal: AbortSignal.timeout(CANCEL_MS) }).catch(() => undefined);
    say(cancelled === undefined ? `run ${id} could not be cancelled and goes on` : `run ${id} is cancelled`);
  } else if (id !== undefined) {
    say(`run ${id} goes on`);
  }
  return exitCodeOf(by);
}
