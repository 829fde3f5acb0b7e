import type { Command } from 'commander';
import type { Client } from '../client/client.ts';
import type { Artifact } from '../contracts/artifact.ts';
import { BatonError } from '../contracts/error.ts';
import { type Context, exitCode } from './context.ts';
import { clean } from './paint.ts';
import { clientOf, type RemoteFlags, urlOption } from './remote.ts';
import { checkPlace, isSafeName, type Place, saveFile } from './save-files.ts';
import { renderTable } from './table.ts';

type Flags = RemoteFlags & { save?: string; force?: boolean; json?: boolean };

export function addArtifactsCommand(program: Command, context: Context): void {
  program
    .command('artifacts')
    .description("list the files that a run's agents wrote, or save them")
    .argument('<run>', 'the run')
    .argument('[paths...]', 'only these files')
    .option('--save <folder>', 'save them below this folder')
    .option('--force', 'overwrite files that are there')
    .option('--json', 'the list as one JSON array')
    .option(...urlOption)
    .action(async (run: string, paths: readonly string[], flags: Flags) => {
      const client = clientOf(context, flags);
      const found = choose(await client.artifacts(run), paths);
      const { save: folder, force = false } = flags;
      if (folder !== undefined) await saveAll(context, { client, run, found }, { folder, force });
      else await context.output.write(flags.json === true ? `${JSON.stringify(found)}\n` : tableOf(found));
      context.finish(exitCode.completed);
    });
}

type Files = { readonly client: Client; readonly run: string; readonly found: readonly Artifact[] };

function choose({ artifacts }: { readonly artifacts: readonly Artifact[] }, paths: readonly string[]) {
  const missing = paths.find((path) => !artifacts.some((artifact) => artifact.path === path));
  if (missing !== undefined) throw new BatonError('artifact_not_found', `The run has no file "${missing}".`);
  return artifacts.filter(({ path }) => paths.length === 0 || paths.includes(path));
}

/** All of them or, when one is in the way, none. */
async function saveAll({ output }: Context, { client, run, found }: Files, place: Place): Promise<void> {
  const names = found.map(({ path }) => path);
  for (const name of names.filter((path) => !isSafeName(path))) output.say(`not saved: ${clean(name)}`);
  const safe = names.filter(isSafeName);
  await checkPlace(place, safe);
  for (const name of safe) {
    await saveFile(place, name, await client.artifact(run, name));
    await output.write(`${clean(name)}\n`);
  }
}

function tableOf(found: readonly Artifact[]): string {
  if (found.length === 0) return 'The run has no files.\n';
  const rows = found.map(({ path, bytes, task_id, agent_id }) => [path, `${bytes}`, task_id, agent_id].map(clean));
  return `${renderTable([['file', 'bytes', 'task', 'agent'], ...rows])}\n`;
}
