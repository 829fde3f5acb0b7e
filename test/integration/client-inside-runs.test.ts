// What the client and the command line do inside of a run: its files, what its agents say to each other, the state they share.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Client, openClient } from '../../src/client/index.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { runCommand } from '../support/command.ts';
import { commandLine } from '../support/command-line.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { createTestRun, endTestRun } from '../support/store.ts';

let engine: Engine;
let api: TestApi;
let client: Client;

beforeAll(async () => {
  engine = await openEngine();
  api = await openTestApi(engine.redis.url);
  client = openClient({ url: api.url });
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});

const openRun = (): Promise<string> => createTestRun(engine.opened.store);
const baton = (...args: readonly string[]) => commandLine(api.url, ...args);

/** A folder that goes with the test. */
function openFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'baton-artifacts-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An ended run whose agent wrote these files. */
async function runWith(files: Readonly<Record<string, string>>): Promise<string> {
  const words = [JSON.stringify({ files })];
  const { run } = await engine.runToEnd(planOf({ code: { capability: 'code_generation', input_data: { words } } }));
  return run;
}

test('a run’s files are listed, and each is read by its path', async () => {
  const run = await runWith({ 'src/größe #1.py': 'print("✓")\n', 'b.py': '' });
  const { artifacts } = await client.artifacts(run);
  expect(artifacts.map((artifact) => artifact.path)).toEqual(['b.py', 'src/größe #1.py']);
  expect(await client.artifact(run, 'src/größe #1.py')).toBe('print("✓")\n');
  await expect(client.artifact(run, 'c.py')).rejects.toMatchObject({ code: 'artifact_not_found' });
});

test('from a terminal files are listed and saved, one or all, and none is overwritten unasked', async () => {
  const run = await runWith({ 'src/a.py': 'a', 'b.py': 'b' });
  const folder = openFolder();
  const read = (name: string): string => readFileSync(path.join(folder, name), 'utf8');
  expect((await baton('artifacts', run)).stdout).toMatch(/^file +bytes +task +agent\nb\.py +1 +code +/);
  expect(JSON.parse((await baton('artifacts', run, '--json')).stdout)).toHaveLength(2);
  expect(await baton('artifacts', run, 'src/a.py', '--save', folder)).toMatchObject({ code: 0, stdout: 'src/a.py\n' });
  writeFileSync(path.join(folder, 'src/a.py'), 'mine');
  const refused = await baton('artifacts', run, '--save', folder);
  expect(refused).toMatchObject({ code: 2, stderr: 'baton: expected --force to overwrite src/a.py\n' });
  expect(() => read('b.py')).toThrow('ENOENT');
  expect(await baton('artifacts', run, '--save', folder, '--force')).toMatchObject({ code: 0 });
  expect([read('src/a.py'), read('b.py')]).toEqual(['a', 'b']);
  expect(await baton('artifacts', run, 'c.py')).toMatchObject({
    code: 1,
    stderr: 'baton: The run has no file "c.py".\n',
  });
});

test('a file is never saved through a link, nor where git would run it', async () => {
  const run = await runWith({ 'out/a.py': 'a', '.git/config': '[core] fsmonitor=x', 'b.py': 'b' });
  const [folder, elsewhere] = [openFolder(), openFolder()];
  symlinkSync(elsewhere, path.join(folder, 'out'));
  const refused = await baton('artifacts', run, '--save', folder, '--force');
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('is no folder') });
  rmSync(path.join(folder, 'out'));
  mkdirSync(path.join(folder, 'out'));
  writeFileSync(path.join(elsewhere, 'victim'), 'safe');
  symlinkSync(path.join(elsewhere, 'victim'), path.join(folder, 'out/a.py'));
  const saved = await baton('artifacts', run, '--save', folder, '--force');
  expect(saved).toMatchObject({ code: 0, stdout: 'b.py\nout/a.py\n', stderr: 'baton: not saved: .git/config\n' });
  expect(readFileSync(path.join(elsewhere, 'victim'), 'utf8')).toBe('safe');
  expect(readFileSync(path.join(folder, 'out/a.py'), 'utf8')).toBe('a');
});

test('the state is read and changed, by version, and an increment sent twice counts once', async () => {
  const run = await openRun();
  const increment = { op: 'increment', name: 'hits', by: 2 } as const;
  expect(await client.patchState(run, [increment, { op: 'append', name: 'log', items: ['a'] }])).toBe(1);
  expect(await client.patchState(run, [{ op: 'set', name: 'tone', value: 'dry' }], { version: 1 })).toBe(2);
  const stale = client.patchState(run, [increment], { version: 1 });
  await expect(stale).rejects.toMatchObject({ code: 'state_conflict' });
  for (let times = 0; times < 2; times += 1)
    expect(await client.patchState(run, [increment], { version: 2, idempotencyKey: 'once' })).toBe(3);
  // Other changes under the same key are other changes.
  expect(await client.patchState(run, [{ ...increment, by: 1 }], { idempotencyKey: 'once' })).toBe(4);
  expect(await client.state(run)).toEqual({ version: 4, state: { hits: 5, log: ['a'], tone: 'dry' } });
  await expect(client.state(`r${'z'.repeat(22)}`)).rejects.toMatchObject({ code: 'run_not_found' });
});

test('from a terminal the state is shown and changed in the order of the options', async () => {
  const run = await openRun();
  const changes = [
    '--set',
    'a=1',
    '--increment',
    'a=-0.5',
    '--append',
    'l={"b":[]}',
    '--append',
    'l=x=y',
    '--set',
    't=dry',
  ];
  expect(await baton('state', run, ...changes)).toMatchObject({ code: 0, stdout: '{\n  "version": 1\n}\n' });
  const shown = await baton('state', run);
  expect(JSON.parse(shown.stdout)).toEqual({ version: 1, state: { a: 0.5, l: [{ b: [] }, 'x=y'], t: 'dry' } });
  const stale = await baton('state', run, '--delete', 'a', '--if-version', '0');
  expect(stale).toMatchObject({ code: 1, stderr: expect.stringContaining('v1 by now') });
  const text = await baton('state', run, '--increment', 'a=x');
  expect(text).toMatchObject({ code: 2 });
});

test('messages are sent, read by pages, listened to, and answered', async () => {
  const run = await openRun();
  const [from, to] = ['search-1', 'summarization-1'];
  const sent = await client.sendMessage(run, { from, to, content: 'one', waits: false });
  expect(sent).toMatchObject({ hop: 1, answer_by: null, correlation_id: sent.message_id });
  const asked = client.askAgent(run, { from, to, content: 'Which year?', type: 'question' });
  const heard: string[] = [];
  for await (const message of client.inbox(run, to)) {
    heard.push(message.content);
    if (message.type !== 'question') continue;
    await client.sendMessage(run, {
      ...{ from: to, to: from, type: 'response', content: '1969' },
      in_reply_to: message.message_id,
    });
    break;
  }
  expect(heard).toEqual(['one', 'Which year?']);
  expect(await asked).toMatchObject({ content: '1969', hop: 2 });
  const first = await client.messages(run, to, { limit: 1 });
  expect(first.messages.map(({ content }) => content)).toEqual(['one']);
  const rest = await client.messages(run, to, { after: first.next });
  expect(rest.messages.map(({ content }) => content)).toEqual(['Which year?']);
  await endTestRun(engine.opened.store, run);
  for await (const message of client.inbox(run, to, { after: rest.next })) expect.fail(message.content);
});

test('from a terminal messages and the turns of a talk are shown until the run ends', async () => {
  const talk = { kind: 'talk' as const, talk: { agents: ['search-1', 'summarization-1'], max_turns: 2 } };
  const { run } = await engine.runToEnd(planOf({ agree: { ...talk, input_data: { words: ['tea\n', 'it is'] } } }));
  const turns = [
    'search-1 > summarization-1 (request): tea it is\n',
    'summarization-1 > search-1 (response): tea it is\n',
  ];
  expect(await baton('messages', run)).toMatchObject({ code: 0, stdout: turns.join('') });
  expect(await baton('messages', run, '--to', 'search-1')).toMatchObject({ code: 0, stdout: turns[1] });
  const nobody = await baton('messages', run, '--to', 'nobody');
  expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining('nobody') });

  const open = await openRun();
  await client.sendMessage(open, { from: 'search-1', to: 'search-2', content: 'ready?\u001b[2J' });
  const shown = baton('messages', open, '--json');
  const circle = client.askAgent(open, { from: 'search-2', to: 'search-1', content: 'you?' });
  await expect(circle).rejects.toMatchObject({ code: 'deadlock' });
  await endTestRun(engine.opened.store, open);
  const lines = (await shown).stdout.trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { from: 'search-1', to: 'search-2', type: 'request', content: 'ready?\u001b[2J' },
    { from: 'search-2', to: 'search-1', content: 'you?', code: 'deadlock' },
  ]);
  expect((await baton('messages', open)).stdout).not.toContain('\u001b');
});

test('from a terminal a stored plan is run in a session, which is shown and forgotten', async () => {
  const plan = planOf({ a: { input_data: { words: ['tea'] } } });
  await client.savePlan({ name: 'terminal', plan });
  const env = { BATON_URL: api.url };
  const ran = await runCommand(
    ['run', '--plan-ref', 'terminal@1', '--session', 'trip', '--on-busy', 'enqueue', '--json'],
    env,
  );
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  const { run_id } = JSON.parse(ran.stdout.split('\n')[0] ?? '');
  expect(await client.run(run_id)).toMatchObject({
    ...{ status: 'completed', plan_ref: { name: 'terminal', version: 1 } },
    session: { id: 'trip', on_busy: 'enqueue' },
  });
  expect(JSON.parse((await baton('sessions', 'show', 'trip', '--json')).stdout)).toMatchObject([{ run_id }]);
  expect((await baton('sessions', 'show', 'trip')).stdout).toContain(run_id);
  expect(await baton('sessions', 'forget', 'trip')).toMatchObject({ code: 0, stdout: '' });
  expect(await baton('sessions', 'show', 'trip')).toMatchObject({ code: 1 });
  const faulty = await runCommand(['run', 'q', '--strategy', 'route', '--agents', 'a,b'], env);
  expect(faulty).toMatchObject({ code: 2, stderr: expect.stringContaining('only the strategy "peers" has it') });
});
