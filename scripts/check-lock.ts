// `npm ci` must install exactly what package.json says, on every platform: a registry that lacked a platform package when the
// lockfile was written leaves a hole there, and `npm ci` fails on other machines with "Missing: ... from lock file".
import { spawnSync } from 'node:child_process';

const run = spawnSync('npm', ['ci', '--dry-run', '--ignore-scripts', '--no-audit', '--no-fund'], { encoding: 'utf8' });
const said = `${run.stdout}${run.stderr}`;
if (run.status === 0 && !said.includes('Missing')) process.exit(0);
process.stderr.write(`${said}\npackage-lock.json is not complete: run npm install, and see docs/dependencies.md\n`);
process.exit(1);
