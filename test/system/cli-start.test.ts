import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type Client, openClient } from '../../src/client/index.ts';
import { isSameProcess } from '../../src/runtime/process-identity.ts';
import { type Command, openCommand, runCommand, scratchFolder } from '../support/command.ts';
import { eventually } from '../support/processes.ts';

type Announced = {
  readonly url: string;
  readonly redis_url: string;
  readonly pids: { api: number; workers: number[]; redis: number; demo: number | null };
};

async function announced(command: Command): Promise<Announced> {
  return JSON.parse(await command.firstLine());
}

const isAlive = (pid: number): boolean => isSameProcess({ pid, startedAt: null });
const allPids = ({ pids: { api, workers, redis, demo } }: Announced): readonly number[] =>
  [api, ...workers, redis, demo ?? []].flat();

const plan = {
  sub_tasks: [{ task_id: 'ask', description: 'Look up the capital of Spain', required_capability: 'search' as const }],
};

async function answerOf(client: Client): Promise<string | null> {
  const { run_id } = await client.submit({ plan });
  const { status, response } = await client.wait(run_id, { signal: AbortSignal.timeout(30_000) });
  expect(status).toBe('completed');
  return response;
}

test('`start --json` announces itself in one line, serves, heals itself, and SIGTERM leaves no process', async () => {
  const BATON_HOME = scratchFolder();
  const start = openCommand(['start', '--port', '0', '--json'], {
    BATON_HOME,
    BATON_LOCK_MS: '2000',
    BATON_STALLED_MS: '500',
  });
  const before = await announced(start);
  expect(before.pids.workers).toHaveLength(2);
  expect(allPids(before).every(isAlive)).toBe(true);
  const client = openClient({ url: before.url });
  expect(await answerOf(client)).toContain('Madrid');

  process.kill(before.pids.api, 'SIGKILL');
  process.kill(before.pids.workers[0] ?? 0, 'SIGKILL');
  await eventually(() => (start.stderr().match(/process is back/g)?.length === 2 ? true : undefined), 30_000);
  // On the address it had, although that was a free port.
  expect(await answerOf(client)).toContain('Madrid');

  const backOf = (name: string): number =>
    Number(new RegExp(`the ${name} process is back \\((\\d+)\\)`).exec(start.stderr())?.[1]);
  const after = [...allPids(before), backOf('api'), backOf('worker 1')];
  start.child.kill('SIGTERM');
  const { code, stdout } = await start.ended;
  expect({ code, lines: stdout.split('\n').length }).toEqual({ code: 0, lines: 2 });
  expect(after.filter(isAlive)).toEqual([]);
});

test('a `start` that npm began ends with npm, which passes no SIGTERM on', async () => {
  const bin = path.resolve('bin/baton.js');
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, BATON_HOME: scratchFolder(), npm_execpath: 'npm' };
  const shell = spawn('sh', ['-c', `"$0" "$1" start --port 0 --json; exit $?`, process.execPath, bin], { env });
  let stdout = '';
  shell.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  const stack: Announced = JSON.parse(await eventually(() => /^(.*)\n/.exec(stdout)?.[1], 60_000));
  shell.kill('SIGKILL');
  await eventually(() => (allPids(stack).some(isAlive) ? undefined : true), 30_000);
});

test('commands work upon a running baton: agents, run, a lone worker', async () => {
  const BATON_HOME = scratchFolder();
  const start = openCommand(['start', '--port', '0', '--json', '--workers', '1'], { BATON_HOME });
  const { url } = await announced(start);

  const agents = await runCommand(['agents', '--url', url]);
  expect(agents.stdout).toMatch(/^agent +capabilities +mode/);
  expect(agents.stdout).toMatch(/\nwriter-01 +text_generation +dynamic_events +10 +healthy/);
  const listed = await runCommand(['agents', '--json'], { BATON_URL: url });
  expect(JSON.parse(listed.stdout)).toHaveLength(6);

  const asked = ['run', 'Look up the capital of Spain', '--url', url, '--json', '--idempotency-key', 'same'];
  const [first, again] = [await runCommand(asked), await runCommand(asked)];
  expect([first.code, first.stdout]).toEqual([0, again.stdout]);
  expect(JSON.parse(first.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({ name: 'run.completed' });

  const worker = openCommand(['worker', '--capabilities', 'search', '--concurrency', '2'], { BATON_HOME });
  await expect.poll(worker.stderr, { timeout: 30_000 }).toContain('worker ready');
  expect(worker.stderr()).toContain('set OPENAI_API_KEY');
});

test('`run` says what a partial run lacks, and Ctrl-C cancels the run', async () => {
  const BATON_HOME = scratchFolder();
  const start = openCommand(['start', '--port', '0', '--json', '--workers', '1'], {
    BATON_HOME,
    BATON_AGENT_WAIT_MS: '3000',
  });
  const { url } = await announced(start);
  const file = path.join(BATON_HOME, 'plan.json');
  // None of the demo agents offers `custom`.
  const nobody = { task_id: 'paint', description: 'Paint it', required_capability: 'custom' };
  writeFileSync(file, JSON.stringify({ sub_tasks: [...plan.sub_tasks, nobody] }));
  const partial = await runCommand(['run', '--plan', file, '--url', url]);
  expect(partial.code).toBe(0);
  expect(partial.stdout).toMatch(/\npaint +custom +failed/);
  expect(partial.stderr).toMatch(/^baton: the run completed in part: .*paint/);

  const run = openCommand(['run', '--plan', file, '--url', url, '--json']);
  await eventually(() => (run.stdout().includes('"task.completed"') ? true : undefined), 30_000);
  run.child.kill('SIGINT');
  const { code, stdout, stderr } = await run.ended;
  const { run_id } = JSON.parse(stdout.split('\n')[0] ?? '');
  expect({ code, stderr }).toEqual({ code: 130, stderr: `baton: run ${run_id} is cancelled\n` });
  expect((await openClient({ url }).wait(run_id)).status).toBe('cancelled');
});

test('a plan with faults is refused with all of them: exit code 2', async () => {
  const BATON_HOME = scratchFolder();
  const file = path.join(BATON_HOME, 'plan.json');
  writeFileSync(file, JSON.stringify({ sub_tasks: [{ task_id: 'root', required_capability: 'cooking' }] }));
  const { code, stderr } = await runCommand(['run', '--plan', file]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/task_id[\s\S]*required_capability/);
});

test('two `start` with one BATON_HOME share one Redis, and Ctrl-C exits with 130', async () => {
  const BATON_HOME = scratchFolder();
  const small = ['start', '--port', '0', '--json', '--workers', '1', '--no-demo-agents'];
  const [one, two] = [openCommand(small, { BATON_HOME }), openCommand(small, { BATON_HOME })];
  const ready = await Promise.all([announced(one), announced(two)]);
  const [first, second] = ready;
  expect(second.redis_url).toBe(first.redis_url);
  expect(second.pids.redis).toBe(first.pids.redis);
  expect(ready.map(({ pids }) => pids.demo)).toEqual([null, null]);
  for (const { child } of [one, two]) child.kill('SIGINT');
  expect((await Promise.all([one.ended, two.ended])).map(({ code }) => code)).toEqual([130, 130]);
  expect(ready.flatMap(allPids).filter(isAlive)).toEqual([]);
});

test('a port that is taken is told at once, with the way out', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? `${address?.port}` : '';
  const { code, stdout, stderr } = await runCommand(['start', '--port', port]);
  server.close();
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toBe(
    `baton: Port ${port} is taken: stop what listens there, or choose another one with --port (0 takes a free one).\n`,
  );
});

test.each([
  ['start', ['--port', '70000'], 'Expected a whole number from 0 to 65535.'],
  ['start', ['--workers', '0'], 'Expected a whole number from 1 to 64.'],
  ['worker', ['--capabilities', 'search,cooking'], 'There is no capability "cooking"'],
  ['worker', [], 'There is no Redis: set REDIS_URL'],
  ['run', [], 'expected a query, --plan <file> or --plan-ref <name>'],
  ['run', ['--plan-ref', 'a b'], 'Expected the name of a stored plan, or name@version.'],
  ['run', ['q', '--default-agent', 'x'], 'expected --strategy with --default-agent'],
  ['agents', ['--url', 'nowhere'], 'Expected an http or https URL.'],
])('`%s %j` is a matter of usage: exit code 2', async (command, args, complaint) => {
  const { code, stdout, stderr } = await runCommand([command, ...args]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(complaint);
});

test('faulty settings are named all together: exit code 2', async () => {
  const { code, stderr } = await runCommand(['start'], { BATON_PORT: 'x', BATON_LOCK_MS: '1' });
  expect(code).toBe(2);
  expect(stderr).toMatch(/BATON_PORT[\s\S]*BATON_LOCK_MS/);
});

test('`run` and `agents` say when no baton listens', async () => {
  const { code, stderr } = await runCommand(['run', 'anything', '--url', 'http://127.0.0.1:1']);
  expect(code).toBe(1);
  expect(stderr).toBe(
    'baton: No baton answers at http://127.0.0.1:1: start one with "baton start", or give its URL.\n',
  );
});

test('`doctor` says what it finds, and fails when something keeps baton from running', async () => {
  const well = await runCommand(['doctor'], { BATON_PORT: '0' });
  expect({ code: well.code, stderr: well.stderr }).toEqual({ code: 0, stderr: '' });
  expect(well.stdout).toMatch(
    /^ok +node +\d+\.[\s\S]*\nok +redis [\s\S]*\nok +port [\s\S]*\nnote +model +none: .*OPENAI_API_KEY/,
  );
  const ill = await runCommand(['doctor'], { REDIS_SERVER_BIN: '/bin/false' });
  expect(ill.code).toBe(1);
  expect(ill.stdout).toContain('BAD   redis     REDIS_SERVER_BIN=/bin/false does not run as a redis-server here');
});
