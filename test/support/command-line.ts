// The command line in this process, upon a running API: arguments in, stdout, stderr and an exit code out.
import { PassThrough } from 'node:stream';
import { openOutput } from '../../src/cli/output.ts';
import { runCommandLine } from '../../src/cli/program.ts';
import { loadConfig } from '../../src/runtime/config.ts';

export type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Runs one command line upon the baton at `url`, to its end. */
export async function commandLine(url: string, ...args: readonly string[]): Promise<Ended> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const unused = () => Promise.reject(new Error('no process is started here'));
  const code = await runCommandLine([...args, '--url', url], {
    entry: '',
    output: openOutput({ stdout, stderr }),
    loadConfig: () => loadConfig({}),
    processes: {
      ...{ runApi: unused, runWorker: unused, runDemoAgents: unused, inspectCommands: unused },
      ...{ runOfflineModel: unused, openOfflineModel: unused },
    },
  });
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}
