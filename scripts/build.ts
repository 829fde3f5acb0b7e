// Builds dist/ (or the folder given): tsc emits the JavaScript and the types; the Lua scripts lie beside the code that loads them,
// so they are copied.
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync, statSync } from 'node:fs';

const out = process.argv[2] ?? 'dist';
rmSync(out, { recursive: true, force: true });
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', out], {
  stdio: 'inherit',
});
cpSync('src', out, {
  recursive: true,
  filter: (source) => source.endsWith('.lua') || statSync(source).isDirectory(),
});
