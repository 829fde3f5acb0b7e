import { artifactLimits, isFilePath } from './artifact.ts';

type Files = Readonly<Record<string, string>>;

/**
 * The files that an answer holds, text by path: those of a JSON object {"files": {path: text}} that is the whole answer, or those of
 * fenced blocks whose first line names one: ```python file=src/a.py, or ```python src/a.py. Read strictly: what is no plain relative
 * path, and a block that is not closed, is no file. At most 200; of two with one path the later counts.
 */
export function filesInText(text: string): Files {
  return filesInJson(text) ?? filesInBlocks(text);
}

/** Undefined when the whole text is no JSON object with texts by path. */
function filesInJson(text: string): Files | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const { files } = Object(JSON.parse(text));
    if (typeof files !== 'object' || files === null || Array.isArray(files)) return undefined;
    return kept(
      Object.entries(files).flatMap(([path, content]) => (typeof content === 'string' ? [[path, content]] : [])),
    );
  } catch {
    return undefined; // text that begins with a brace is text
  }
}

/** A fence is taken whole or not at all: tried sign by sign, one long line of them would keep the process busy for hours. */
const opening = /^ {0,3}(`{3,}|~{3,}(?!~))[ \t]*(\S[^`]*)?$/;

/** The same of fenced blocks only. */
export function filesInBlocks(text: string): Files {
  const found: (readonly [string, string])[] = [];
  let block: { readonly fence: string; readonly path: string | undefined; readonly lines: string[] } | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (block === undefined) {
      const [, fence, info = ''] = opening.exec(line) ?? [];
      if (fence !== undefined) block = { fence, path: pathIn(info.trim()), lines: [] };
    } else if (closes(line, block.fence)) {
      if (block.path !== undefined) found.push([block.path, `${block.lines.join('\n')}\n`]);
      block = undefined;
    } else block.lines.push(line);
  }
  return kept(found);
}

function closes(line: string, fence: string): boolean {
  const bare = line.trim();
  return bare.length >= fence.length && bare.startsWith(fence) && [...bare].every((sign) => sign === fence[0]);
}

const named = /(?:^|\s)(?:file|filename|path|title)=(?:"([^"]+)"|'([^']+)'|(\S+))/;
/** A language and a path; a word without a dot or a folder is a language or an option of the block. */
const bare = /^[\w+#.-]+[ \t]+([^\s={}]+)$/;

function pathIn(info: string): string | undefined {
  const [, double, single, plain] = named.exec(info) ?? [];
  const word = bare.exec(info)?.[1];
  return double ?? single ?? plain ?? (word !== undefined && /[./]/.test(word) ? word : undefined);
}

function kept(files: readonly (readonly string[])[]): Files {
  const plain = files
    .filter(([path = '']) => isFilePath(path))
    .map(([path = '', content = '']) => [path, content] as const);
  return Object.fromEntries(new Map(plain.slice(0, artifactLimits.filesPerTask)));
}
