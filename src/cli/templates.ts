import type { Command } from 'commander';
import type { ListedTemplate } from '../contracts/template.ts';
import { type Context, exitCode } from './context.ts';
import { clean } from './paint.ts';
import { clientOf, type RemoteFlags, urlOption } from './remote.ts';
import { renderTable } from './table.ts';

type TemplatesFlags = RemoteFlags & { json?: boolean };

export function addTemplatesCommand(program: Command, context: Context): void {
  program
    .command('templates')
    .description('list what agents can be made from, and what became of those that were')
    .option(...urlOption)
    .option('--json', 'the templates as one JSON array')
    .action(async (flags: TemplatesFlags) => context.finish(await listTemplates(context, flags)));
}

async function listTemplates(context: Context, flags: TemplatesFlags): Promise<number> {
  const templates = await clientOf(context, flags).templates();
  await context.output.write(flags.json ? `${JSON.stringify(templates)}\n` : tableOf(templates));
  return exitCode.completed;
}

function tableOf(templates: readonly ListedTemplate[]): string {
  const heads = ['template', 'type', 'capabilities', 'from', 'made', 'success'];
  const rows = templates.map(({ id, type, capabilities, shipped, record }) => [
    ...[id, type, capabilities.join(' '), shipped ? 'baton' : 'operator', `${record.made}`],
    record.success.toFixed(2),
  ]);
  return `${renderTable([heads, ...rows.map((row) => row.map(clean))])}\n`;
}
