import { z } from 'zod';
import { CommandProtocol } from '../../contracts/agent-protocol.ts';
import { limits } from '../../contracts/limits.ts';

const word = z
  .string()
  .max(4_000)
  .refine((text) => !text.includes('\0'), 'expected no NUL');
const pattern = z
  .string()
  .regex(/^(?!\/)(?!.*(?:^|\/)\.\.?(?:\/|$))[^\\\0]{1,200}$/, 'expected a path or pattern below the scratch directory');
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'expected the name of a variable');
const place = z.string().regex(/^\/[^\0]{0,1000}$/, 'expected an absolute path');

/** One command, as its operator sets it up. Nothing of it comes from a plan, a model or a registration. */
export const CommandSetup = z.strictObject({
  /** The program, by its name on PATH or by its path, and its arguments, always the same. */
  argv: z.array(word).min(1).max(100),
  /** ms; the agent's timeout_seconds holds beside it. */
  timeout_ms: z.int().min(100).max(3_600_000).default(60_000),
  /** Bytes of standard output; one more ends the command. */
  output_bytes: z.int().min(1).max(limits.outputChars).default(200_000),
  /** MiB of address space of each of its processes; Node asks for 2,048 before it does anything. */
  memory_mb: z.int().min(16).max(1_000_000).default(4_096),
  /** Bytes of all files that are given, and again of all that are returned. */
  file_bytes: z
    .int()
    .min(0)
    .max(16 * limits.outputChars)
    .default(limits.outputChars),
  env: z.record(variable, word).default({}),
  /** Files to return, by path or with `*` (within a name) and `**` (any folders). */
  files_out: z.array(pattern).max(50).default([]),
  /**
   * output: what it writes. tests: it runs tests, and its answer is {tests_passed, output}; exit codes of no_tests say that there were
   * none to run (5 of pytest, and of unittest from Python 3.12 on).
   */
  answer: z.enum(['output', 'tests']).default('output'),
  no_tests: z.array(z.int().min(1).max(255)).max(20).default([5]),
  /** Whether another exit code than 0 is a failed call, or a result that tells of it. */
  on_failure: z.enum(['fail', 'report']).default('report'),
  /** bwrap: must be there, is used where it is, or is not used. */
  sandbox: z.enum(['required', 'preferred', 'none']).default('preferred'),
  /** Whether a sandboxed command may use the network. */
  network: z.boolean().default(false),
});
export type CommandSetup = z.infer<typeof CommandSetup>;

/** The file of BATON_COMMANDS. */
export const CommandFile = z.strictObject({
  commands: z.record(CommandProtocol.shape.name, CommandSetup),
  /** What sandboxed commands must not read, beside baton's own folders. */
  hidden: z.array(place).max(100).default([]),
});
export type CommandFile = z.infer<typeof CommandFile>;
