import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../..', import.meta.url));

type Break = { readonly file: string; readonly from: string; readonly to: string };

/** One line each, without which a promise does not hold. */
const breaks: Readonly<Record<'settle' | 'fence', readonly Break[]>> = {
  // The first result no longer stays.
  settle: [
    { file: 'src/flow/settle.lua', from: 'if not recorded then\n', to: 'if true then\n' },
    {
      file: 'src/journal/claim.lua',
      from: "if recorded then return {'settled'",
      to: "if false then return {'settled'",
    },
  ],
  // An attempt that was overtaken may go on writing.
  fence: [
    { file: 'src/journal/append.lua', from: 'if held[1] ~= ARGV[2] then return -1 end', to: '' },
    { file: 'src/journal/append.lua', from: 'if number > last + 1 then return -4 end', to: '' },
    { file: 'src/journal/append.lua', from: 'if number > last then', to: 'if true then' },
  ],
};

/** A copy of the project that is broken on purpose; returns its command. */
export function makeBrokenBuild(kind: keyof typeof breaks): string {
  const folder = mkdtempSync(path.join(tmpdir(), `baton-broken-${kind}-`));
  for (const part of ['src', 'bin', 'package.json'])
    cpSync(path.join(project, part), path.join(folder, part), { recursive: true });
  symlinkSync(path.join(project, 'node_modules'), path.join(folder, 'node_modules'));
  for (const { file, from, to } of breaks[kind]) {
    const text = readFileSync(path.join(folder, file), 'utf8');
    if (!text.includes(from)) throw new Error(`${file} has changed: there is no "${from}" to break`);
    writeFileSync(path.join(folder, file), text.replace(from, to));
  }
  return path.join(folder, 'bin', 'baton.js');
}
