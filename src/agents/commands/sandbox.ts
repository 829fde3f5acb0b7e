import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { findProgram } from './programs.ts';

/** What this machine has to hold a command with: absolute paths, undefined where it has none. */
export type Holders = Readonly<{
  /** bubblewrap, found to work here. */
  bwrap: string | undefined;
  /** Sets the memory limit. */
  prlimit: string | undefined;
  /** Ends a command together with its worker, where no sandbox does. */
  setpriv: string | undefined;
}>;

/** A sandbox that cannot be set up in this time is none. */
const PROBE_MS = 3_000;

/** Looks once what there is. Containers often forbid what bwrap needs, so it is tried. */
export async function probeHolders(searchPath: string): Promise<Holders> {
  const [bwrap, prlimit, setpriv, nothing] = await Promise.all(
    ['bwrap', 'prlimit', 'setpriv', 'true'].map((name) => findProgram(name, searchPath)),
  );
  const works = bwrap !== undefined && nothing !== undefined && (await holds(bwrap, nothing));
  return { bwrap: works ? bwrap : undefined, prlimit, setpriv };
}

async function holds(bwrap: string, nothing: string): Promise<boolean> {
  const [program = '', ...args] = sandboxOf({ bwrap, folder: '/tmp', hidden: [], network: false });
  try {
    await promisify(execFile)(program, [...args, nothing], { timeout: PROBE_MS, env: {} });
    return true;
  } catch {
    return false; // what the worker says about its commands names the sandbox, or that there is none
  }
}

export type Hold = Readonly<{
  holders: Holders;
  /** The command's own, the only place where it may write. */
  folder: string;
  sandboxed: boolean;
  network: boolean;
  memoryMb: number;
  hidden: readonly Hidden[];
}>;

/** The argv that runs `argv` held so. Data of a task is in none of it. */
export function held(argv: readonly string[], hold: Hold): readonly string[] {
  const { holders, sandboxed, memoryMb } = hold;
  const { bwrap, prlimit, setpriv } = holders;
  const bounded = prlimit === undefined ? [] : [prlimit, `--as=${memoryMb * 1_048_576}`, '--core=0', '--'];
  if (sandboxed && bwrap !== undefined) return [...bounded, ...sandboxOf({ ...hold, bwrap }), ...argv];
  return [...bounded, ...(setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--']), ...argv];
}

/** What a sandbox covers up: a folder by an empty one, a file by nothing. */
export type Hidden = Readonly<{ path: string; kind: 'folder' | 'file' }>;

/** Which of these paths there are. */
export async function findHidden(paths: readonly string[]): Promise<readonly Hidden[]> {
  const found = await Promise.all(
    paths.map(async (path): Promise<Hidden | undefined> => {
      const known = await stat(path).catch(() => undefined); // nothing there is nothing to hide
      return known === undefined ? undefined : { path, kind: known.isDirectory() ? 'folder' : 'file' };
    }),
  );
  return found.filter((hidden) => hidden !== undefined);
}

type Box = Readonly<{ bwrap: string; folder: string; network: boolean; hidden: readonly Hidden[] }>;

/** All namespaces of its own, the system read-only, and one folder to write in; it ends with its parent. */
function sandboxOf({ bwrap, folder, network, hidden }: Box): readonly string[] {
  return [
    bwrap,
    '--unshare-all',
    ...(network ? ['--share-net'] : []),
    '--die-with-parent',
    '--new-session',
    ...['--cap-drop', 'ALL'],
    ...['--ro-bind', '/', '/'],
    ...['--dev', '/dev'],
    ...['--proc', '/proc'],
    ...['/tmp', '/var/tmp', '/run'].flatMap((path) => ['--tmpfs', path]),
    ...hidden.flatMap(({ path, kind }) => (kind === 'folder' ? ['--tmpfs', path] : ['--ro-bind', '/dev/null', path])),
    ...['--bind', folder, folder],
    ...['--chdir', folder],
    '--',
  ];
}
