// Assembles the command line: what its commands need of other rooms is loaded when it is needed, so that each starts quickly.

import { commandSettings, configFromProcess } from '../runtime/config.ts';
import type { Processes } from './context.ts';
import { openOutput } from './output.ts';
import { runCommandLine } from './program.ts';

const processes: Processes = {
  runApi: async (...args) => (await import('../api/main.ts')).runApi(...args),
  runWorker: async (...args) => (await import('../workers/main.ts')).runWorker(...args),
  runDemoAgents: async (...args) => (await import('../demo/main.ts')).runDemoAgents(...args),
  runOfflineModel: async (...args) => (await import('../demo/main.ts')).runOfflineModel(...args),
  openOfflineModel: async () => (await import('../demo/offline-model.ts')).openOfflineModel(),
  inspectCommands: async (config) =>
    (await (await import('../agents/commands/commands.ts')).openCommands(commandSettings(config))).reports,
};

const code = await runCommandLine(process.argv.slice(2), {
  entry: import.meta.filename,
  processes,
  output: openOutput(process),
  loadConfig: configFromProcess,
});
process.exit(code);
