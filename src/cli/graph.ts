import type { Command } from 'commander';
import { type Context, exitCode } from './context.ts';
import { clientOf, type RemoteFlags, urlOption } from './remote.ts';

type GraphFlags = RemoteFlags & { json?: boolean };

export function addGraphCommand(program: Command, context: Context): void {
  program
    .command('graph')
    .description('draw what a run does and how far it is, as a Mermaid flowchart')
    .argument('<run>', 'the run')
    .option('--json', 'nodes and edges as JSON instead')
    .option(...urlOption)
    .action(async (run: string, flags: GraphFlags) => context.finish(await graph(context, run, flags)));
}

async function graph(context: Context, run: string, flags: GraphFlags): Promise<number> {
  const client = clientOf(context, flags);
  const text = flags.json === true ? `${JSON.stringify(await client.graph(run))}\n` : await client.drawGraph(run);
  await context.output.write(text);
  return exitCode.completed;
}
