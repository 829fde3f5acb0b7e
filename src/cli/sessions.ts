import type { Command } from 'commander';
import type { RunSummary } from '../contracts/run.ts';
import { type Context, exitCode } from './context.ts';
import { clean } from './paint.ts';
import { clientOf, type RemoteFlags, urlOption } from './remote.ts';
import { renderTable } from './table.ts';

type ShowFlags = RemoteFlags & { json?: boolean };

export function addSessionsCommands(program: Command, context: Context): void {
  const sessions = program
    .command('sessions')
    .description('runs that belong together: show those of a session, forget it');
  sessions
    .command('show')
    .description('list the runs of a session, newest first')
    .argument('<id>', 'the session')
    .option('--json', 'the runs as one JSON array')
    .option(...urlOption)
    .action(async (id: string, flags: ShowFlags) => context.finish(await show(context, id, flags)));
  sessions
    .command('forget')
    .description('forget what was asked and answered in a session; its runs stay')
    .argument('<id>', 'the session')
    .option(...urlOption)
    .action(async (id: string, flags: RemoteFlags) => {
      await clientOf(context, flags).forgetSession(id);
      context.finish(exitCode.completed);
    });
}

async function show(context: Context, id: string, flags: ShowFlags): Promise<number> {
  const client = clientOf(context, flags);
  const runs: RunSummary[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await client.session(id, { cursor });
    runs.push(...page.runs);
    cursor = page.next_cursor;
  }
  await context.output.write(flags.json === true ? `${JSON.stringify(runs)}\n` : tableOf(runs));
  return exitCode.completed;
}

function tableOf(runs: readonly RunSummary[]): string {
  const rows = runs.map(({ run_id, status, created_at, query }) => [run_id, status, created_at, query].map(clean));
  return `${renderTable([['run', 'status', 'created', 'query'], ...rows])}\n`;
}
