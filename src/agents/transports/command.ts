import { BatonError } from '../../contracts/error.ts';
import { openDeadline, type WaitLimits } from '../../outbound/deadline.ts';
import { type AgentEvent, peerOf, plainDone } from '../call.ts';
import type { Command } from '../commands/commands.ts';
import { type ProcessEnd, runProcess } from '../commands/run-process.ts';
import { type Files, openScratch } from '../commands/scratch.ts';
import { filesOf, MAX_FILES, TASK_FILE } from '../commands/task-files.ts';
import { isUnrunnable, testReport } from '../commands/test-report.ts';
import { toAgentFailure } from '../frame.ts';
import type { Invocation, Transport } from './transport.ts';

/** Characters of the errors of a failed command that its result shows, and that its failure does. */
const STDERR_CHARS = 20_000;
const REASON_CHARS = 300;

/**
 * command: a program that the operator set up, in a directory of its own with the files of the task, which is also its standard input.
 * What it writes is the answer; with files to return, or after another exit code than 0, a JSON object of exit_code, signal, stdout,
 * stderr and files.
 */
export const command: Transport = async function* (invocation) {
  const { agent, commands } = invocation;
  const name = agent.command?.name ?? '';
  const found = commands?.get(name);
  if (found === undefined)
    throw new BatonError('agent_unreachable', `The command "${name}" cannot be run by this worker.`);
  const text = await run(found, invocation);
  if (text !== '') yield { type: 'message', text } satisfies AgentEvent;
  yield plainDone;
};

async function run(command: Command, { agent, call, signal, limits }: Invocation): Promise<string> {
  const peer = peerOf(agent);
  const { setup } = command;
  const deadline = openDeadline({ limits: within(limits, setup.timeout_ms), signal, peer });
  try {
    deadline.signal.throwIfAborted();
    const files = filesOf(call.payload, setup.file_bytes);
    await using scratch = await openScratch();
    const stdin = JSON.stringify(call.payload);
    await scratch.write({ ...files, [TASK_FILE]: stdin });
    const { folder } = scratch;
    const [argv, env, outputBytes] = [command.argvIn(folder), command.envIn(folder), setup.output_bytes];
    const end = await runProcess({ argv, env, folder, stdin, outputBytes, peer }, deadline);
    if (end.exitCode !== 0 && setup.on_failure === 'fail') throw toAgentFailure(reasonOf(end), peer);
    if (setup.answer === 'tests' && isUnrunnable(end, setup))
      throw toAgentFailure(`the program that runs the tests cannot be run here: ${reasonOf(end)}`, peer);
    return textOf(end, await scratch.read(setup.files_out, { maxBytes: setup.file_bytes, maxFiles: MAX_FILES }), setup);
  } finally {
    deadline.close();
  }
}

function within(limits: WaitLimits, timeoutMs: number): WaitLimits {
  const { firstByteMs, idleMs, totalMs } = limits;
  return {
    firstByteMs: Math.min(firstByteMs, timeoutMs),
    idleMs: Math.min(idleMs, timeoutMs),
    totalMs: Math.min(totalMs, timeoutMs),
  };
}

function textOf(end: ProcessEnd, files: Files, setup: Command['setup']): string {
  const { exitCode, signal, stdout, stderr } = end;
  if (setup.answer === 'tests')
    return JSON.stringify({ ...testReport(end, setup), ...(setup.files_out.length > 0 && { files }) });
  if (exitCode === 0 && setup.files_out.length === 0) return stdout;
  return JSON.stringify({ exit_code: exitCode, signal, stdout, stderr: stderr.slice(-STDERR_CHARS), files });
}

function reasonOf({ exitCode, signal, stderr }: ProcessEnd): string {
  const end = exitCode === null ? `it was ended by ${signal}` : `it ended with exit code ${exitCode}`;
  return stderr.trim() === '' ? end : stderr.trim().slice(-REASON_CHARS);
}
