// cli: baton from a terminal. Here: the commands, and what their ends mean as exit codes.

import { Command, CommanderError } from 'commander';
import { BatonError, type ErrorCode } from '../contracts/error.ts';
import { addAgentsCommand } from './agents.ts';
import { addApiCommand } from './api.ts';
import { addArtifactsCommand } from './artifacts.ts';
import { type Context, exitCode } from './context.ts';
import { addDemoCommand } from './demo.ts';
import { addDemoAgentsCommand } from './demo-agents.ts';
import { addDoctorCommand } from './doctor.ts';
import { addForkCommand } from './fork.ts';
import { addGraphCommand } from './graph.ts';
import { addInterruptCommands } from './interrupts.ts';
import { addMessagesCommand } from './messages.ts';
import { addOfflineModelCommand } from './offline-model.ts';
import { addPlansCommands } from './plans.ts';
import { addRunCommand } from './run.ts';
import { addSessionsCommands } from './sessions.ts';
import { addStartCommand } from './start.ts';
import { addStateCommand } from './state.ts';
import { addTemplatesCommand } from './templates.ts';
import { addWorkerCommand } from './worker.ts';

/** What the caller got wrong, and can correct, is a matter of usage. */
const usageCodes: ReadonlySet<ErrorCode> = new Set(['config_invalid', 'invalid_plan', 'invalid_request']);

/** Runs one command line, without the program's own name; the exit code. Says on stderr what went wrong. */
export async function runCommandLine(args: readonly string[], context: Omit<Context, 'finish'>): Promise<number> {
  let code: number = exitCode.completed;
  const finish = (ended: number): void => {
    code = ended;
  };
  try {
    await buildProgram({ ...context, finish }).parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return report(error, context.output.say);
  }
}

function buildProgram(context: Context): Command {
  const program = new Command('baton')
    .description('a durable orchestrator for LLM agents')
    .exitOverride()
    .showHelpAfterError('(--help lists what there is)');
  const commands = [
    ...[addStartCommand, addRunCommand, addDemoCommand, addApiCommand, addWorkerCommand],
    ...[
      addAgentsCommand,
      addTemplatesCommand,
      addInterruptCommands,
      addForkCommand,
      addGraphCommand,
      addArtifactsCommand,
      addMessagesCommand,
      addStateCommand,
      addPlansCommands,
      addSessionsCommands,
      addDoctorCommand,
      addDemoAgentsCommand,
      addOfflineModelCommand,
    ],
  ];
  for (const add of commands) add(program, context);
  return program;
}

/** commander has said its own errors by now, and counts a shown help as one. */
function report(error: unknown, say: (line: string) => void): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.completed : exitCode.usage;
  if (!(error instanceof BatonError)) throw error;
  say(error.message);
  // A message names the first fault by itself; config_invalid names all.
  if (error.faults.length > 1 && error.code !== 'config_invalid') {
    for (const fault of error.faults) say(`  ${fault.path}: ${fault.message}`);
  }
  return usageCodes.has(error.code) ? exitCode.usage : exitCode.failed;
}
