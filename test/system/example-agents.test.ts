// The agents of examples/ as a user runs them: processes beside an API and a worker, with the package built from this tree.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openClient } from '../../src/client/index.ts';
import { foldEvents } from '../../src/contracts/fold.ts';
import { defaults } from '../../src/contracts/limits.ts';
import { type BatonProcess, eventually, startBaton } from '../support/processes.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

const TOKEN = 'token-of-the-test';
const python = findPython();
/** How long a sign of life counts here: two heartbeats of the examples. */
const HEALTH_TTL_MS = 2 * defaults.heartbeatMs;
/** After a kill -9 an agent is out within its health time, and this. */
const OUT_MS = HEALTH_TTL_MS + 2_000;

let folder: string;
let redis: TestRedis;
let api: BatonProcess;
let worker: BatonProcess;
let url: string;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'baton-examples-'));
  await promisify(execFile)(process.execPath, ['scripts/build.ts', path.join(folder, 'dist')]);
  for (const name of ['package.json', 'examples']) await cp(name, path.join(folder, name), { recursive: true });
  await symlink(path.resolve('node_modules'), path.join(folder, 'node_modules'));
  redis = await startTestRedis();
  const health = { BATON_HEALTH_TTL_MS: `${HEALTH_TTL_MS}` };
  const env = { REDIS_URL: redis.url, BATON_PORT: '0', BATON_SECRET_TRANSLATOR: TOKEN, ...health };
  [api, worker] = await Promise.all([startBaton(['api'], env), startBaton(['worker'], env)]);
  url = api.ready.url ?? '';
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await worker[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The interpreter itself: what is found on PATH may be a script that starts it. */
function findPython(): string | null {
  try {
    const program = 'import sys; print(sys.executable if sys.version_info >= (3, 8) else "")';
    return execFileSync('python3', ['-c', program], { encoding: 'utf8' }).trim() || null;
  } catch {
    return null; // the tests say that they are skipped
  }
}

type Example = Readonly<{ child: ChildProcess; exited: Promise<number | string>; stderr: () => string }>;

/** Starts an example and waits until the registry has it. */
async function startExample(id: 'writer' | 'translator'): Promise<Example> {
  const [program, file] =
    id === 'writer' ? [process.execPath, 'examples/agents/writer.ts'] : [python ?? '', 'examples/agents/translator.py'];
  const env = { PATH: process.env.PATH, BATON_URL: url, TRANSLATOR_TOKEN: TOKEN };
  const child = spawn(program, [file], { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
  children.add(child);
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const exited = once(child, 'exit').then(([code, signal]): number | string => code ?? signal);
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`${file} ended with ${child.exitCode}: ${stderr}`);
    return (await isHealthy(id)) || undefined;
  });
  return { child, exited, stderr: () => stderr };
}

type Listed = Readonly<{ agents: readonly Readonly<{ agent_id: string; healthy: boolean; endpoint: string }>[] }>;

async function find(id: string) {
  const { agents } = (await (await fetch(`${url}/v1/agents`)).json()) as Listed; // what the API lists
  return agents.find((agent) => agent.agent_id === id);
}

const isHealthy = async (id: string) => (await find(id))?.healthy === true;

/** What shows that an agent serves. */
async function seenBy(id: string): Promise<string | null> {
  const detail = await (await fetch(`${url}/v1/agents/${id}`)).json();
  return (detail as { seen_by: string | null }).seen_by; // what the API says of one agent
}

/** Stops an example in the middle of a call: it must be out of the registry at once, and its call must come to its end. */
async function stopInMidCall(id: 'writer' | 'translator', body: object): Promise<void> {
  const example = await startExample(id);
  const endpoint = (await find(id))?.endpoint ?? '';
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` };
  const task = { task_id: 't1', description: 'a long story', context: {}, ...body };
  const call = await fetch(`${endpoint}/stream`, { method: 'POST', headers, body: JSON.stringify(task) });
  example.child.kill('SIGTERM');
  await eventually(async () => ((await find(id)) === undefined ? true : undefined), 2_000);
  expect(example.child.exitCode).toBe(null);
  expect(await call.text()).toMatch(/"type": ?"done"/);
  expect(await example.exited).toBe(0);
  expect(example.stderr()).not.toContain('Traceback');
}

const verse = { task_id: 'verse', description: 'the sea', required_capability: 'text_generation' } as const;
const vers = { ...verse, task_id: 'vers', required_capability: 'translation' } as const;

test('the writer in TypeScript writes, and its tokens reach the reader one by one', async () => {
  const writer = await startExample('writer');
  const client = openClient({ url });
  const { run_id } = await client.submit({ plan: { sub_tasks: [{ ...verse, input_data: { lines: 1 } }] } });
  const events = await Array.fromAsync(client.stream(run_id, { signal: AbortSignal.timeout(60_000) }));
  const tokens = events.filter(({ name }) => name === 'task.token');
  expect(tokens.map(({ data }) => data).join('')).toBe('The day is good, and so is the sea. ');
  expect(tokens.length).toBeGreaterThan(3);
  writer.child.kill('SIGTERM');
  expect(await writer.exited).toBe(0);
});

test('a writer that is told to stop is out at once, and ends what it has begun', async () => {
  await stopInMidCall('writer', { lines: 5 });
});

describe('with the translator in Python', () => {
  test('a plan runs over both, streamed, and each does its task', async ({ skip }) => {
    skip(python === null, 'python3 is not installed');
    const agents = [await startExample('writer'), await startExample('translator')];
    const client = openClient({ url });
    const { run_id } = await client.submit({ plan: { sub_tasks: [verse, { ...vers, depends_on: ['verse'] }] } });
    const events = await Array.fromAsync(client.stream(run_id, { signal: AbortSignal.timeout(60_000) }));
    const run = foldEvents(events);
    expect(run.tasks.map(({ agent_id, status }) => [agent_id, status])).toEqual([
      ['writer', 'completed'],
      ['translator', 'completed'],
    ]);
    expect(run.tasks[1]?.text).toContain('le jour est bon, et aussi est le sea.');
    expect(events.filter(({ name, task_id }) => name === 'task.token' && task_id === 'vers').length).toBeGreaterThan(3);
    for (const { child } of agents) child.kill('SIGTERM');
    expect(await Promise.all(agents.map(({ exited }) => exited))).toEqual([0, 0]);
  });

  test('it refuses whoever does not know its token, and what is no task', async ({ skip }) => {
    skip(python === null, 'python3 is not installed');
    const { child, exited } = await startExample('translator');
    const endpoint = (await find('translator'))?.endpoint ?? '';
    const post = (headers: Record<string, string>, body = '{"description":"x","context":{}}') =>
      fetch(`${endpoint}/stream`, { method: 'POST', headers, body });
    const right = { authorization: `Bearer ${TOKEN}` };
    expect((await post({})).status).toBe(401);
    expect((await post({ authorization: 'Bearer guess' })).status).toBe(401);
    expect((await post(right, 'no JSON')).status).toBe(422);
    expect((await post(right)).status).toBe(200);
    child.kill('SIGTERM');
    await exited;
  });

  test('one that is told to stop is out at once, and ends what it has begun', async ({ skip }) => {
    skip(python === null, 'python3 is not installed');
    await stopInMidCall('translator', { text: 'the day is good and so is the night '.repeat(5) });
  });

  test('an agent that is killed is out when its health time is over; one that lives stays in by its heartbeats', async ({
    skip,
  }) => {
    skip(python === null, 'python3 is not installed');
    const [writer, translator] = [await startExample('writer'), await startExample('translator')];
    for (const id of ['writer', 'translator']) {
      await eventually(async () => ((await seenBy(id)) === 'heartbeat' ? true : undefined));
    }
    const killedAt = performance.now();
    translator.child.kill('SIGKILL');
    await eventually(async () => ((await isHealthy('translator')) ? undefined : true), OUT_MS);
    expect(performance.now() - killedAt).toBeLessThan(OUT_MS);
    // What it said before the kill has run out for the writer too.
    await eventually(() => (performance.now() - killedAt > HEALTH_TTL_MS ? true : undefined), OUT_MS);
    expect([await isHealthy('writer'), await seenBy('writer')]).toEqual([true, 'heartbeat']);
    writer.child.kill('SIGTERM');
    expect(await writer.exited).toBe(0);
  });
});
