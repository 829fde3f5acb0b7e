import { readFile } from 'node:fs/promises';
import { BatonError, parseOr } from '../../contracts/error.ts';
import { CommandFile, type CommandSetup } from './command-file.ts';
import { findProgram } from './programs.ts';
import { findHidden, type Hidden, type Holders, held, probeHolders } from './sandbox.ts';
import { sweepScratch } from './scratch.ts';

/** A command as this machine can run it. */
export type Command = Readonly<{
  setup: CommandSetup;
  sandboxed: boolean;
  /** What runs it in a directory of its own. */
  argvIn(folder: string): readonly string[];
  /** Its whole environment there. */
  envIn(folder: string): Readonly<Record<string, string>>;
}>;

/** What became of one command of the file, for the log. */
export type CommandReport = Readonly<{
  name: string;
  sandbox: 'bwrap' | 'none';
  memoryLimit: boolean;
  fault: string | null;
}>;

/** The commands that this process can run, by name. */
export type Commands = Readonly<{
  get(name: string): Command | undefined;
  has(name: string): boolean;
  reports: readonly CommandReport[];
}>;

export type CommandsOptions = Readonly<{
  /** The file of BATON_COMMANDS; undefined for no commands. */
  file: string | undefined;
  /** Where programs are looked for, as in PATH. */
  searchPath: string | undefined;
  /** Folders of baton's own that a sandboxed command must not read. */
  hidden: readonly string[];
}>;

const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

/**
 * Reads the operator's commands and looks once how they can be held on this machine. A command whose program or required sandbox is
 * not there is not offered. Throws config_invalid that names each fault of the file.
 */
export async function openCommands({ file, searchPath = DEFAULT_PATH, hidden }: CommandsOptions): Promise<Commands> {
  if (file === undefined) return { get: () => undefined, has: () => false, reports: [] };
  const told = parseOr(CommandFile, await readJson(file), 'config_invalid');
  await sweepScratch();
  const machine = {
    searchPath,
    holders: await probeHolders(searchPath),
    hidden: await findHidden([file, ...hidden, ...told.hidden]),
  };
  const entries = await Promise.all(
    Object.entries(told.commands).map(async ([name, setup]) => ({ name, ...(await prepare(setup, machine)) })),
  );
  const usable = new Map(entries.flatMap(({ name, command }) => (command === undefined ? [] : [[name, command]])));
  return {
    get: (name) => usable.get(name),
    has: (name) => usable.has(name),
    reports: entries.map(({ name, command, fault }) => ({
      name,
      fault,
      sandbox: command?.sandboxed === true ? 'bwrap' : 'none',
      memoryLimit: machine.holders.prlimit !== undefined,
    })),
  };
}

type Machine = Readonly<{ searchPath: string; holders: Holders; hidden: readonly Hidden[] }>;
type Prepared = Readonly<{ command: Command; fault: null } | { command: undefined; fault: string }>;

async function prepare(setup: CommandSetup, { searchPath, holders, hidden }: Machine): Promise<Prepared> {
  const [name = '', ...args] = setup.argv;
  const program = await findProgram(name, setup.env.PATH ?? searchPath);
  if (program === undefined) return { command: undefined, fault: `there is no program "${name}"` };
  const { sandbox, network, memory_mb: memoryMb } = setup;
  if (sandbox === 'required' && holders.bwrap === undefined)
    return { command: undefined, fault: 'it requires a sandbox, and bwrap is missing or does not work here' };
  const sandboxed = sandbox !== 'none' && holders.bwrap !== undefined;
  const command: Command = {
    setup,
    sandboxed,
    argvIn: (folder) => held([program, ...args], { holders, folder, sandboxed, network, memoryMb, hidden }),
    envIn: (folder) => ({ PATH: searchPath, HOME: folder, TMPDIR: folder, LANG: 'C.UTF-8', ...setup.env }),
  };
  return { command, fault: null };
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BatonError(
      'config_invalid',
      `The file of BATON_COMMANDS, ${file}, could not be read as JSON: ${reason}`,
      {
        cause,
      },
    );
  }
}
