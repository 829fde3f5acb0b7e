import type { Command } from 'commander';
import type { Client } from '../client/client.ts';
import type { Message } from '../contracts/message.ts';
import { type Context, exitCode } from './context.ts';
import { clean } from './paint.ts';
import { clientOf, type RemoteFlags, urlOption } from './remote.ts';

type Flags = RemoteFlags & { to?: string; json?: boolean };

/** What an agent said; `code` says why it was refused. */
type Said = Pick<Message, 'from' | 'to' | 'type' | 'content' | 'timestamp'> & { readonly code?: string };

export function addMessagesCommand(program: Command, context: Context): void {
  program
    .command('messages')
    .description('show what the agents of a run say to each other, until the run ends')
    .argument('<run>', 'the run')
    .option('--to <agent>', 'only what is said to this agent, in full; of all else there is the beginning')
    .option('--json', 'as NDJSON')
    .option(...urlOption)
    .action(async (run: string, flags: Flags) => context.finish(await listen(context, run, flags)));
}

async function listen(context: Context, run: string, flags: Flags): Promise<number> {
  const { output } = context;
  const client = clientOf(context, flags);
  const given = { signal: output.gone };
  try {
    const messages = flags.to === undefined ? overhear(client, run, given) : client.inbox(run, flags.to, given);
    for await (const said of messages)
      await output.write(flags.json === true ? `${JSON.stringify(said)}\n` : describe(said));
  } catch (error) {
    if (!output.gone.aborted) throw error;
  }
  return exitCode.completed;
}

/** The messages of all agents, as the run's events tell of them. */
async function* overhear(client: Client, run: string, given: { readonly signal: AbortSignal }): AsyncGenerator<Said> {
  for await (const { name, detail, timestamp } of client.stream(run, given))
    if (name === 'message.sent' || name === 'message.refused') yield { ...detail, timestamp };
}

function describe({ from, to, type, content, code }: Said): string {
  const how = code === undefined ? type : `${type}, refused: ${code}`;
  return `${clean(`${from} > ${to} (${how}): ${content.replace(/\s+/g, ' ').trim()}`)}\n`;
}
