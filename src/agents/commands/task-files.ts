import { isFilePath } from '../../contracts/artifact.ts';
import { BatonError } from '../../contracts/error.ts';
import { filesInBlocks } from '../../contracts/files-in-text.ts';
import type { AgentPayload } from '../../contracts/payload.ts';
import type { Files } from './scratch.ts';

/** What a command finds beside the files: the whole task, as it is on its standard input. */
export const TASK_FILE = 'task.json';

/** Files that one call may be given, and return. */
export const MAX_FILES = 200;

/**
 * The files of a task: those of each earlier task whose whole text is a JSON object with `files` ({path: text}), or that has them in
 * fenced blocks, in the order of the dependencies, then those of `input_data.files`, which win. Throws agent_rejected that names the fault.
 */
export function filesOf(payload: AgentPayload, maxBytes: number): Files {
  const earlier = Object.values(payload.context).map(filesOfText);
  const own = payload.files === undefined ? {} : filesIn(payload.files);
  if (own === undefined) throw refused('"files" of input_data must be an object of texts by path');
  const files = new Map([...earlier, own].flatMap((given) => Object.entries(given ?? {})));
  for (const name of files.keys()) checkPath(name);
  if (files.size > MAX_FILES) throw refused(`${files.size} files are more than the ${MAX_FILES} allowed`);
  const bytes = [...files.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > maxBytes) throw refused(`the files are larger than the ${maxBytes} bytes allowed`);
  return Object.fromEntries(files);
}

function filesOfText(text: string): Files | undefined {
  const whole = parseObject(text);
  if (whole !== undefined) return filesIn(whole.files);
  const { [TASK_FILE]: _, ...files } = filesInBlocks(text); // that one is baton's own
  return files;
}

/** Undefined for anything but texts by path: another task's `files` may mean something else. */
function filesIn(value: unknown): Files | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value);
  return entries.every(([, text]) => typeof text === 'string') ? Object.fromEntries(entries) : undefined;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Text that begins with a brace is text.
  }
}

function checkPath(name: string): void {
  if (isFilePath(name) && name !== TASK_FILE) return;
  throw refused(`"${name.slice(0, 80)}" is no path below the scratch directory`);
}

function refused(why: string): BatonError {
  return new BatonError('agent_rejected', `The command cannot be given its files: ${why}.`);
}
