import type { Command } from 'commander';
import type { PlanAssessment, TaskAssessment } from '../contracts/plan-assessment.ts';
import type { StoredPlanHead } from '../contracts/stored-plan.ts';
import { loadJson, loadPlan, wholeNumber } from './arguments.ts';
import { type Context, exitCode } from './context.ts';
import { clean } from './paint.ts';
import { clientOf, type RemoteFlags, urlOption } from './remote.ts';
import { renderTable } from './table.ts';

type Flags = RemoteFlags & { json?: boolean };
type SaveFlags = Flags & { file?: string; run?: string };

const VERSION_MAX = 1_000_000_000;

export function addPlansCommands(program: Command, context: Context): void {
  const plans = program
    .command('plans')
    .description('stored plans: list, show, save, remove; and look at a plan before it runs');
  const add = (name: string, description: string): Command =>
    plans
      .command(name)
      .description(description)
      .option(...urlOption);
  const version = ['--version <number>', 'this version', wholeNumber(1, VERSION_MAX)] as const;
  add('list', 'list the stored plans by name')
    .option('--json', 'the plans as one JSON array')
    .action(async (flags: Flags) => context.finish(await list(context, flags)));
  add('show', 'write a stored plan as JSON, as "baton run --plan" takes it')
    .argument('<name>')
    .option(...version)
    .action(async (name: string, flags: Flags & { version?: number }) =>
      context.finish(await show(context, name, flags)),
    );
  add('save', 'store the plan of a file or of a run under a name; equal content is no new version')
    .argument('<name>')
    .option('--file <file>', 'a plan (JSON)')
    .option('--run <id>', 'what this run did')
    .action(async (name: string, flags: SaveFlags, command: Command) => {
      if ((flags.file === undefined) === (flags.run === undefined)) command.error('error: expected --file or --run');
      context.finish(await save(context, name, flags));
    });
  add('remove', 'delete a stored plan, or one version of it')
    .argument('<name>')
    .option(...version)
    .action(async (name: string, flags: Flags & { version?: number }) => {
      await clientOf(context, flags).removePlan({ name, version: flags.version });
      context.finish(exitCode.completed);
    });
  add('validate', 'say what would become of a plan: its faults, order, agents, time and price')
    .argument('<file>', 'a plan (JSON)')
    .option('--json', 'the answer as JSON')
    .action(async (file: string, flags: Flags) => context.finish(await validate(context, file, flags)));
}

async function list(context: Context, flags: Flags): Promise<number> {
  const client = clientOf(context, flags);
  const found: StoredPlanHead[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await client.plans({ cursor });
    found.push(...page.plans);
    cursor = page.next_cursor;
  }
  await context.output.write(flags.json === true ? `${JSON.stringify(found)}\n` : tableOf(found));
  return exitCode.completed;
}

function tableOf(plans: readonly StoredPlanHead[]): string {
  if (plans.length === 0) return 'No plan is stored.\n';
  const heads = ['plan', 'version', 'versions', 'tasks', 'saved', 'from'];
  const rows = plans.map(({ name, version, versions, tasks, saved_at, from_run }) => [
    ...[name, `${version}`, `${versions.length}`, `${tasks}`, saved_at, from_run ?? '-'],
  ]);
  return `${renderTable([heads, ...rows.map((row) => row.map(clean))])}\n`;
}

async function show(context: Context, name: string, flags: Flags & { version?: number }): Promise<number> {
  const { plan } = await clientOf(context, flags).plan({ name, version: flags.version });
  await context.output.write(`${JSON.stringify(plan, null, 2)}\n`);
  return exitCode.completed;
}

async function save(context: Context, name: string, flags: SaveFlags): Promise<number> {
  const source = flags.file === undefined ? { from_run: flags.run } : { plan: await loadPlan(flags.file) };
  const { version } = await clientOf(context, flags).savePlan({ name, ...source });
  await context.output.write(`${clean(name)} version ${version}\n`);
  return exitCode.completed;
}

/** The exit code says whether the plan is valid. */
async function validate(context: Context, file: string, flags: Flags): Promise<number> {
  const assessment = await clientOf(context, flags).validatePlan(await loadJson(file));
  await context.output.write(flags.json === true ? `${JSON.stringify(assessment)}\n` : describe(assessment));
  return assessment.valid ? exitCode.completed : exitCode.usage;
}

function describe({ valid, faults, levels, critical_path, tasks, estimate }: PlanAssessment): string {
  const path = critical_path.map(({ task_id }) => task_id).join(' > ');
  const lines = [
    valid ? 'valid' : 'not valid',
    ...faults.map((fault) => `  ${fault.path}: ${fault.message}`),
    ...levels.map((ids, level) => `level ${level + 1}: ${ids.join(', ')}`),
    ...(tasks.length === 0 ? [] : [`critical path: ${path}`]),
  ].map(clean);
  if (tasks.length === 0) return `${lines.join('\n')}\n`;
  const table = renderTable([
    ['task', 'agent', 'ms', 'tokens', 'cost'],
    ...tasks.map((task) => rowOf(task).map(clean)),
  ]);
  const { ms, tokens, cost } = estimate;
  const sums = `estimate: ${shown(ms, 'ms')}, ${shown(tokens, 'tokens')}, ${cost === null ? 'price not known' : `$${cost}`}`;
  return `${lines.join('\n')}\n\n${table}\n\n${sums}\n`;
}

function rowOf({ task_id, agent, reason, latency_ms, tokens, cost }: TaskAssessment): readonly string[] {
  const number = (value: number | null): string => (value === null ? '-' : `${Math.round(value)}`);
  return [task_id, agent ?? `none: ${reason}`, number(latency_ms), number(tokens), cost === null ? '-' : `$${cost}`];
}

function shown(value: number | null, unit: string): string {
  return value === null ? `${unit} not known` : `${Math.round(value)} ${unit}`;
}
