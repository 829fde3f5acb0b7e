import type { Command } from 'commander';
import type { ForkPreview } from '../contracts/fork.ts';
import { words } from './arguments.ts';
import { type Context, exitCode } from './context.ts';
import { clean } from './paint.ts';
import { clientOf, type RemoteFlags, urlOption } from './remote.ts';

type ForkFlags = RemoteFlags & { from: readonly string[]; dryRun?: boolean };

export function addForkCommand(program: Command, context: Context): void {
  program
    .command('fork')
    .description('run tasks of a run that has ended again, with all that depends on them, as a new run')
    .argument('<run>', 'the run')
    .requiredOption('--from <tasks>', 'ids of the tasks, with commas between', words)
    .option('--dry-run', 'only say what would run again, and what it cost last time')
    .option(...urlOption)
    .action(async (run: string, flags: ForkFlags) => context.finish(await fork(context, run, flags)));
}

async function fork(context: Context, run: string, flags: ForkFlags): Promise<number> {
  const client = clientOf(context, flags);
  const request = { from: [...flags.from] };
  const text =
    flags.dryRun === true
      ? describe(await client.previewFork(run, request))
      : `${(await client.fork(run, request)).run_id}\n`;
  await context.output.write(text);
  return exitCode.completed;
}

function describe({ rerun, reused, last }: ForkPreview): string {
  const tokens = last.usage === null ? '' : `, ${last.usage.total_tokens} tokens`;
  const cost = last.cost === null ? '' : `, $${last.cost}`;
  const list = (ids: readonly string[]): string => clean(ids.join(', ') || 'nothing');
  return `runs again: ${list(rerun)}\nre-used: ${list(reused)}\nlast time: ${Math.round(last.latency_ms)} ms${tokens}${cost}\n`;
}
