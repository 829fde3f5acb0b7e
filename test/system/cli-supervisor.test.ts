import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { type ChildSpec, Supervisor, type SupervisorOptions } from '../../src/cli/supervisor.ts';
import { isSameProcess } from '../../src/runtime/process-identity.ts';

const supervisorModule = path.resolve('src/cli/supervisor.ts');

/** Behaves as its first argument says; the second is a file in which it leaves its name and what happened. */
const script = `
import { appendFileSync } from 'node:fs';
const [, , behaviour, file, name, before] = process.argv;
const note = (what) => appendFileSync(file, name + ' ' + what + '\\n');
const alive = setInterval(() => undefined, 60_000);
if (behaviour !== 'deaf') process.once('disconnect', () => { note('stopped'); clearInterval(alive); });
if (behaviour === 'stillborn') process.exit(3);
note('ready ' + before);
if (behaviour !== 'late') process.send({ ready: true, url: 'http://127.0.0.1:7' });
if (behaviour === 'weak') setTimeout(() => process.exit(4), 20);
`;

function prepare(options: Partial<SupervisorOptions> = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'baton-supervisor-'));
  const entry = path.join(folder, 'child.mjs');
  const file = path.join(folder, 'notes');
  writeFileSync(entry, script);
  writeFileSync(file, '');
  const said: string[] = [];
  const openBudget = () => ({ spend: () => 0 });
  const supervisor = new Supervisor({ entry, say: (line) => said.push(line), openBudget, ...options });
  onTestFinished(async () => {
    supervisor.kill();
    await supervisor.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const spec = (name: string, behaviour = 'good', stopPhase = 0): ChildSpec => ({
    ...{ name, env: {}, stopPhase },
    args: (before) => [behaviour, file, name, before?.url ?? 'first'],
  });
  return { supervisor, spec, said, folder, entry, notes: () => readFileSync(file, 'utf8').trim().split('\n') };
}

/** A zombie is dead: in a container nobody may be there to bury an orphan. */
const isAlive = (pid: number | undefined): boolean => pid !== undefined && isSameProcess({ pid, startedAt: null });

test('a child is ready when it says so, and stops when its supervisor closes', async () => {
  const { supervisor, spec, notes } = prepare();
  expect(await supervisor.start(spec('api'))).toEqual({ ready: true, url: 'http://127.0.0.1:7' });
  const pid = supervisor.pidOf('api');
  expect(isAlive(pid)).toBe(true);
  await supervisor.close();
  expect(isAlive(pid)).toBe(false);
  expect(notes()).toEqual(['api ready first', 'api stopped']);
});

test('children stop phase by phase', async () => {
  const { supervisor, spec, notes } = prepare();
  await supervisor.start(spec('api', 'good', 2));
  await Promise.all(['one', 'two'].map((name) => supervisor.start(spec(name, 'good', 1))));
  await supervisor.close();
  const stopped = notes().filter((note) => note.endsWith('stopped'));
  expect(stopped).toHaveLength(3);
  expect(stopped[2]).toBe('api stopped');
});

test('a child that is killed comes back, told what it said when it was first ready', async () => {
  const { supervisor, spec, said, notes } = prepare();
  await supervisor.start(spec('worker 1'));
  const first = supervisor.pidOf('worker 1');
  process.kill(first ?? 0, 'SIGKILL');
  await expect.poll(notes).toEqual(['worker 1 ready first', 'worker 1 ready http://127.0.0.1:7']);
  await expect.poll(() => said.length).toBe(2);
  expect(said).toEqual([
    `the worker 1 process (${first}) ended unexpectedly (SIGKILL); starting it again in 0 ms`,
    `the worker 1 process is back (${supervisor.pidOf('worker 1')})`,
  ]);
});

test('a child that dies again and again is given up, and whoever holds the supervisor hears of it', async () => {
  let deaths = 0;
  const openBudget = () => ({ spend: () => (++deaths > 5 ? null : 0) });
  const { supervisor, spec, said } = prepare({ openBudget });
  await supervisor.start(spec('worker 1', 'weak'));
  await once(supervisor.failed, 'abort');
  expect(supervisor.failed.reason.message).toMatch(/worker 1 process died again and again .*exit code 4/);
  expect(said.filter((line) => line.includes('starting it again'))).toHaveLength(5);
});

test('a child that ends before it is ready fails the start', async () => {
  const { supervisor, spec } = prepare();
  await expect(supervisor.start(spec('api', 'stillborn'))).rejects.toThrow(
    'api process ended before it was ready (exit code 3)',
  );
});

test('a child that does not get ready in time is killed', async () => {
  const { supervisor, spec } = prepare({ readyMs: 500 });
  await expect(supervisor.start(spec('api', 'late'))).rejects.toThrow('api process was not ready within 0.5 s');
  await expect.poll(() => isAlive(supervisor.pidOf('api'))).toBe(false);
});

test('a child that is still starting is stopped too, and at once', async () => {
  const { supervisor, spec } = prepare();
  const starting = supervisor.start(spec('api', 'late'));
  const stopped = expect(starting).rejects.toThrow('api process ended before it was ready (SIGTERM)');
  await supervisor.close();
  await stopped;
  expect(isAlive(supervisor.pidOf('api'))).toBe(false);
});

test('a child that does not stop in time is killed', async () => {
  const { supervisor, spec } = prepare({ stopMs: 200 });
  await supervisor.start(spec('api', 'deaf'));
  await supervisor.close();
  expect(isAlive(supervisor.pidOf('api'))).toBe(false);
});

test('children end when their supervisor is killed', async () => {
  const { folder, entry, notes } = prepare();
  const parent = path.join(folder, 'parent.mjs');
  const child = { name: 'api', args: ['good', path.join(folder, 'notes'), 'api'] };
  writeFileSync(
    parent,
    `import { Supervisor } from ${JSON.stringify(supervisorModule)};
     const supervisor = new Supervisor({ entry: ${JSON.stringify(entry)}, say: () => undefined });
     await supervisor.start({ name: 'api', env: {}, stopPhase: 0, args: () => ${JSON.stringify(child.args)} });
     console.log(supervisor.pidOf('api'));`,
  );
  const supervising = spawn(process.execPath, [parent], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface(supervising.stdout), 'line');
  expect(isAlive(Number(line))).toBe(true);
  supervising.kill('SIGKILL');
  await expect.poll(() => isAlive(Number(line))).toBe(false);
  expect(notes()).toContain('api stopped');
});
