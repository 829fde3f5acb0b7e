// The numbered examples as a user runs them: each a process beside `baton start`, with the package built from this tree, without a key.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCommand, scratchFolder } from '../support/command.ts';

const run = promisify(execFile);
const MAX_LINES = 60;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'baton-examples-'));
  await run(process.execPath, ['scripts/build.ts', path.join(folder, 'dist')]);
  for (const name of ['package.json', 'examples']) await cp(name, path.join(folder, name), { recursive: true });
  await symlink(path.resolve('node_modules'), path.join(folder, 'node_modules'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const outputs: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  '01-stream-a-query.ts': ['2 tasks', /t1 was done by \S+/, /t2 was done by \S+/, 'The run has ended.'],
  '02-agent-with-schemas.ts': ['lamp: 6.00', /refused: \w+/],
  '03-plan-as-a-graph.ts': ['history builds on outline', /book builds on .*history.*outlook/],
  '04-flow-that-is-a-graph.ts': [
    ...['left (agent) needs []', 'right (agent) needs []', 'sum (agent) needs [left,right]'],
    'words: 6',
  ],
  '05-flow-that-branches.ts': ['Buy this!!! (not archived: agent_failed) after 3 rounds'],
  '06-race-join-approve.ts': ['asked: Publish from near with 2 copies?', 'edited: on Monday'],
  '07-review-and-consensus.ts': ['Roses are red. Violets are blue.', 'printed: yes (2 of 3)'],
  '08-session-and-state.ts': ['first run: 18', 'second run: 70', '2 runs in the session'],
};

test('every numbered example is tried here, and none has more than 60 lines', async () => {
  const files = (await readdir('examples')).filter((file) => /^\d\d-/.test(file));
  expect(files.toSorted()).toEqual(Object.keys(outputs));
  for (const file of files) {
    const lines = (await readFile(path.join('examples', file), 'utf8')).trimEnd().split('\n');
    expect(lines.length, file).toBeLessThan(MAX_LINES);
  }
});

test('each example says what it is meant to say, and ends', async () => {
  const start = openCommand(['start', '--port', '0', '--json'], { BATON_HOME: scratchFolder() });
  const { url } = JSON.parse(await start.firstLine());
  const env = { PATH: process.env.PATH, BATON_URL: url };
  for (const [file, expected] of Object.entries(outputs)) {
    const { stdout } = await run(process.execPath, [`examples/${file}`], { cwd: folder, env, timeout: 60_000 });
    for (const text of expected)
      expect(stdout, file).toEqual(
        typeof text === 'string' ? expect.stringContaining(text) : expect.stringMatching(text),
      );
  }
});
