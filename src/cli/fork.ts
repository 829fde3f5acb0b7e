import type { Command } from 'commander';
import { openClient } from '../client/client.ts';
import type { ForkPreview } from '../contracts/fork.ts';
import { httpUrl } from './arguments.ts';
import { type Context, exitCode } from './context.ts';
import { clean } from './paint.ts';

type ForkFlags = { url?: string; from: readonly string[]; dryRun?: boolean };

export function addForkCommand(program: Command, context: Context): void {
  program
    .command('fork')
    .description('run tasks of a run that has ended again, with all that depends on them, as a new run')
    .argument('<run>', 'the run')
    .requiredOption('--from <tasks>', 'ids of the tasks, with commas between', (text: string) => text.split(','))
    .option('--dry-run', 'only say what would run again, and what it cost last time')
    .option('--url <url>', 'where baton listens (BATON_URL, else http://127.0.0.1:4000)', httpUrl)
    .action(async (run: string, flags: ForkFlags) => context.finish(await fork(context, run, flags)));
}

async function fork({ output, loadConfig }: Context, run: string, flags: ForkFlags): Promise<number> {
  const client = openClient({ url: flags.url ?? loadConfig().url });
  const request = { from: [...flags.from] };
  const text =
    flags.dryRun === true
      ? describe(await client.previewFork(run, request))
      : `${(await client.fork(run, request)).run_id}\n`;
  await output.write(text);
  return exitCode.completed;
}

function describe({ rerun, reused, last }: ForkPreview): string {
  const tokens = last.usage === null ? '' : `, ${last.usage.total_tokens} tokens`;
  const cost = last.cost === null ? '' : `, $${last.cost}`;
  const list = (ids: readonly string[]): string => clean(ids.join(', ') || 'nothing');
  return `runs again: ${list(rerun)}\nre-used: ${list(reused)}\nlast time: ${Math.round(last.latency_ms)} ms${tokens}${cost}\n`;
}
