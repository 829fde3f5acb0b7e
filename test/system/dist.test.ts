import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

test('the built package, without its sources, runs the demo', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'baton-dist-'));
  try {
    await run(process.execPath, ['scripts/build.ts', path.join(folder, 'dist')]);
    await Promise.all(['bin', 'package.json'].map((name) => cp(name, path.join(folder, name), { recursive: true })));
    await symlink(path.resolve('node_modules'), path.join(folder, 'node_modules'));

    const { stdout } = await run(process.execPath, ['bin/baton.js', 'demo', '--json'], { cwd: folder });
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.at(-1)).toMatchObject({ name: 'run.completed', detail: { partial: false } });

    const client = await import(path.join(folder, 'dist/client/index.js'));
    const agent = await import(path.join(folder, 'dist/agents/agent.js'));
    const baton = await import(path.join(folder, 'dist/authoring/baton.js'));
    expect([typeof baton.orchestrate, typeof baton.definePlan, typeof baton.openClient]).toEqual(
      Array(3).fill('function'),
    );
    expect([typeof client.openClient, typeof agent.serveAgent, typeof agent.defineAgent]).toEqual(
      Array(3).fill('function'),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
