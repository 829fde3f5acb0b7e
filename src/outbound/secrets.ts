import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import path from 'node:path';
import { BatonError } from '../contracts/error.ts';

/** Reads what a SecretRef stands for. */
export type Secrets = Readonly<{
  /**
   * The value now, without a line end behind it: a file is read each time, so that a secret is rotated by writing it. Throws
   * secret_unavailable, whose texts name the reference, never a path or a value.
   */
  read(ref: string): Promise<string>;
}>;

export type SecretSources = Readonly<{
  /** The BATON_SECRET_* variables. */
  secretVariables: Readonly<Record<string, string>>;
  /** The folder of `file:` references (BATON_SECRETS_DIR); undefined for none. */
  secretsDir: string | undefined;
}>;

/** Certificates with their chains fit into 64 kB; more is no secret but a mistake. */
const SECRET_BYTES = 64_000;

/** For clients that are given no secrets: every reference is unavailable. */
export const noSecrets: SecretSources = { secretVariables: {}, secretsDir: undefined };

export function openSecrets({ secretVariables, secretsDir }: SecretSources): Secrets {
  const load = async (ref: string): Promise<string> => {
    const [kind, name] = [ref.slice(0, ref.indexOf(':')), ref.slice(ref.indexOf(':') + 1)];
    if (kind === 'file') return readSecretFile(secretsDir, { ref, name });
    const value = kind === 'env' && Object.hasOwn(secretVariables, name) ? secretVariables[name] : undefined;
    if (value === undefined) throw unavailable(ref, 'the variable is not set');
    return value;
  };
  return {
    read: async (ref) => {
      const value = (await load(ref)).replace(/(\r?\n)+$/, '');
      if (value === '') throw unavailable(ref, 'it is empty');
      if (Buffer.byteLength(value) > SECRET_BYTES) throw tooLarge(ref);
      return value;
    },
  };
}

/** The error for a secret that cannot be used; `why` must hold neither its value nor its place. */
export function unavailable(ref: string, why: string): BatonError {
  return new BatonError('secret_unavailable', `The secret ${ref} cannot be used: ${why}.`);
}

function tooLarge(ref: string): BatonError {
  return unavailable(ref, `it is larger than ${SECRET_BYTES} bytes`);
}

async function readSecretFile(
  folder: string | undefined,
  { ref, name }: { ref: string; name: string },
): Promise<string> {
  if (folder === undefined) throw unavailable(ref, 'BATON_SECRETS_DIR is not set');
  await using file = await openInside(folder, name).catch(() => null); // the system's error would tell the path
  if (file === null) throw unavailable(ref, 'there is no such file in BATON_SECRETS_DIR, or it may not be read');
  const { size } = await file.stat();
  if (size > SECRET_BYTES) throw tooLarge(ref);
  // One byte more than it may have, since it may have grown meanwhile.
  const { bytesRead, buffer } = await file.read(Buffer.alloc(SECRET_BYTES + 1), 0, SECRET_BYTES + 1, 0);
  return buffer.toString('utf8', 0, bytesRead);
}

/** Opens a plain file that really lies in the folder: orchestrators link to a folder beside it, and that is inside too. Null for any other. */
async function openInside(folder: string, name: string): Promise<FileHandle | null> {
  const root = await realpath(folder);
  const file = await realpath(path.join(root, name));
  if (!file.startsWith(root.endsWith(path.sep) ? root : `${root}${path.sep}`)) return null;
  // Without waiting for whoever writes into a pipe, and not through a link that was put there after realpath.
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  return null;
}
