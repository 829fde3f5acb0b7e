// A program of the operator as an agent: what it is given, what it may do, and that nothing of it is left.
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallLimits } from '../../src/agents/call.ts';
import { type Commands, openCommands } from '../../src/agents/commands/commands.ts';
import { probeHolders } from '../../src/agents/commands/sandbox.ts';
import { invokeAgent } from '../../src/agents/invoke.ts';
import { openLocalAgents } from '../../src/agents/local-agents.ts';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import { BatonError } from '../../src/contracts/error.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { invokeIsolated } from '../../src/workers/isolate/invoke-isolated.ts';
import { done, gather, testCall, transportSuite } from '../suites/transport-suite.ts';
import { openEngine } from '../support/engine.ts';
import { openLocalHttp } from '../support/http.ts';
import { planOf } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';

let folder: string;
const searchPath = process.env.PATH ?? '/usr/bin:/bin';

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'commands-'));
});
afterAll(() => rm(folder, { recursive: true }));

const agent = AgentDescriptor.parse({
  agent_id: 'probe',
  name: 'Probe',
  capabilities: ['custom'],
  transport: 'command',
  command: { name: 'it' },
});

/** A file of commands with one, "it", which runs this JavaScript. */
async function setUp(script: string, fields: object = {}): Promise<string> {
  const file = path.join(folder, `${crypto.randomUUID()}.json`);
  const argv = [process.execPath, '-e', script];
  await writeFile(file, JSON.stringify({ commands: { it: { argv, sandbox: 'none', ...fields } } }));
  return file;
}

async function open(script: string, fields: object = {}): Promise<Commands> {
  return openCommands({ file: await setUp(script, fields), searchPath, hidden: [] });
}

type Given = Readonly<{ fields?: object; payload?: object; limits?: Partial<CallLimits> }>;

/** One call of a command that runs this script. */
async function run(script: string, { fields = {}, payload = {}, limits = {} }: Given = {}) {
  const commands = await open(script, fields);
  await using http = openLocalHttp();
  const call = { ...testCall, payload: { ...testCall.payload, ...payload } };
  const signal = new AbortController().signal;
  let text = '';
  try {
    for await (const event of invokeAgent({ agent, call, signal, http, local: openLocalAgents([]), commands, limits }))
      if (event.type === 'message') text += event.text;
    return { text, json: text.startsWith('{') ? JSON.parse(text) : undefined, error: null };
  } catch (thrown) {
    return { text, json: undefined, error: BatonError.from(thrown) };
  }
}

const scratchFolders = async () =>
  (await readdir(tmpdir())).filter((name) => name.startsWith(`baton-command-${process.pid}-`));

/** A server that notices when a program has connected to it, and when that one is gone. */
async function openWitness() {
  const reached = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    reached.resolve();
    socket.on('error', () => undefined);
    socket.on('close', () => left.resolve());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  const say = `require('net').connect(${address.port}, '127.0.0.1').on('error', () => {})`;
  return { say, reached: reached.promise, left: left.promise, [Symbol.asyncDispose]: async () => void server.close() };
}

transportSuite({
  name: 'command',
  says: 'message',
  single: true,
  calls: true,
  patienceMs: 1_500,
  open: async (behaviour) => {
    const witness = await openWitness();
    const scripts = {
      answers: () =>
        `process.stdout.write(${JSON.stringify(behaviour.kind === 'answers' ? behaviour.texts.join('') : '')})`,
      fails: () => `console.error('the oven is cold'); process.exitCode = 1`,
      hangs: () => `process.stdout.write('first '); ${witness.say}; setInterval(() => {}, 1000)`,
    };
    const commands = await open(scripts[behaviour.kind](), { on_failure: 'fail' });
    return { agent, commands, ...witness };
  },
});

describe('a command', () => {
  test('is told its task on its standard input and in a file', async () => {
    const script = `const fs = require('fs'); const a = fs.readFileSync(0, 'utf8'); process.stdout.write(String(a === fs.readFileSync('task.json', 'utf8')) + a)`;
    const { text } = await run(script);
    expect(text.slice(0, 4)).toBe('true');
    expect(JSON.parse(text.slice(4))).toEqual(testCall.payload);
  });

  test('knows its own directory and what the operator says, and nothing else of this process', async () => {
    const { json } = await run(`console.log(JSON.stringify({ env: process.env, cwd: process.cwd() }))`, {
      fields: { env: { MODE: 'test' } },
    });
    const { env, cwd } = json;
    expect(env).toMatchObject({ MODE: 'test', HOME: cwd, TMPDIR: cwd, LANG: 'C.UTF-8' });
    expect(Object.keys(env).toSorted()).toEqual(['HOME', 'LANG', 'MODE', 'PATH', 'TMPDIR']);
    expect(await scratchFolders()).toEqual([]);
  });

  test('is given the files of its task and of the tasks before it, and returns those it should', async () => {
    const script = `const fs = require('fs'); fs.mkdirSync('out/deep', { recursive: true });
      fs.writeFileSync('out/deep/r.txt', fs.readFileSync('src/a.txt') + fs.readFileSync('b.txt')); fs.writeFileSync('secret.txt', 'no');`;
    const { json } = await run(script, {
      fields: { files_out: ['out/**/*.txt', 'b.txt'] },
      payload: {
        files: { 'src/a.txt': 'own ' },
        context: { t0: 'plain', t1: '{"files":{"src/a.txt":"old ","b.txt":"earlier"}}', t2: '{"files":[1]}' },
      },
    });
    expect(json).toEqual({
      exit_code: 0,
      signal: null,
      stdout: '',
      stderr: '',
      files: { 'out/deep/r.txt': 'own earlier', 'b.txt': 'earlier' },
    });
  });

  test.each(['../x', '/etc/x', 'a/../../x', 'a//b', './a', 'a\\b', '', 'task.json', 'a\nb', 'x'.repeat(201)])(
    'is not given a file at %j',
    async (name) => {
      const { error } = await run('', { payload: { files: { [name]: 'x' } } });
      expect(error).toMatchObject({ code: 'agent_rejected', retryable: false });
      expect(await scratchFolders()).toEqual([]);
    },
  );

  test.each([
    ['too many', { files: Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`f${n}`, ''])) }],
    ['too large', { files: { a: 'x'.repeat(101) } }],
    ['no files', { files: 'text' }],
    ['in each other', { files: { a: '', 'a/b': '' } }],
  ])('is not given files that are %s', async (_, payload) => {
    expect((await run('', { payload, fields: { file_bytes: 100 } })).error?.code).toBe('agent_rejected');
  });

  test('that fails tells of it as a result, or fails its call', async () => {
    const script = `console.log('1 failed'); console.error('why'); process.exitCode = 3`;
    expect((await run(script)).json).toEqual({
      exit_code: 3,
      signal: null,
      stdout: '1 failed\n',
      stderr: 'why\n',
      files: {},
    });
    const { error } = await run(script, { fields: { on_failure: 'fail' } });
    expect(error).toMatchObject({ code: 'agent_failed', message: 'The agent "probe" reported: why' });
    const silent = await run('process.exitCode = 4', { fields: { on_failure: 'fail' } });
    expect(silent.error?.message).toBe('The agent "probe" reported: it ended with exit code 4');
  });

  test('that runs tests fails when its program is not there, as a shim says it', async () => {
    const shim = `console.error('pyenv: python3: command not found'); process.exitCode = 127`;
    const { error } = await run(shim, { fields: { answer: 'tests' } });
    expect(error).toMatchObject({
      code: 'agent_failed',
      message: expect.stringMatching(/the tests cannot be run here: pyenv: python3: command not found$/),
    });
    const told = await run(shim, { fields: { answer: 'tests', no_tests: [127] } });
    expect(told.json).toMatchObject({ tests_passed: null, exit_code: 127 });
  });

  test('that ends by a signal says which', async () => {
    expect((await run(`process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000)`)).json).toMatchObject({
      exit_code: null,
      signal: 'SIGTERM',
    });
  });

  test('does not return what a link points to', async () => {
    await mkdir(path.join(folder, 'private'), { recursive: true });
    await writeFile(path.join(folder, 'private/key'), 'a secret');
    const script = `const fs = require('fs'); fs.symlinkSync('${folder}/private/key', 'key'); fs.symlinkSync('${folder}/private', 'dir');
      require('child_process').execSync('mkfifo pipe')`;
    expect((await run(script, { fields: { files_out: ['**'] } })).json.files).toEqual({
      'task.json': expect.any(String),
    });
  });

  test.each([
    ['too large', `require('fs').writeFileSync('o', 'x'.repeat(2000))`, 'output_too_large'],
    ['too many', `for (let n = 0; n < 201; n++) require('fs').writeFileSync('o' + n, '')`, 'output_too_large'],
  ])('does not return files that are %s', async (_, script, code) => {
    expect((await run(script, { fields: { files_out: ['o*'], file_bytes: 1_000 } })).error?.code).toBe(code);
  });

  test('that writes without end is ended at its bound, with little of it kept', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const { error } = await run(`for (;;) require('fs').writeSync(1, 'x'.repeat(65536))`, {
      fields: { output_bytes: 100_000 },
    });
    expect(error).toMatchObject({ code: 'output_too_large', retryable: false });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  });

  test('may complain without end: the end of it is kept', async () => {
    const script = `const fs = require('fs'); for (let n = 0; n < 100; n++) fs.writeSync(2, 'x'.repeat(10000)); fs.writeSync(2, 'last'); process.exitCode = 1`;
    const { json } = await run(script);
    expect(json.stderr).toHaveLength(20_000);
    expect(json.stderr.endsWith('xlast')).toBe(true);
  });

  test.each([
    ['its own time', { fields: { timeout_ms: 1_000 } }],
    ["the agent's", { limits: { totalMs: 1_000 } }],
  ])('is ended with all that it started after %s', async (_, given: Given) => {
    await using witness = await openWitness();
    const grandchild = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(`${witness.say}; setInterval(() => {}, 1000)`)}], { stdio: 'inherit' }); setInterval(() => {}, 1000)`;
    const { error } = await run(grandchild, given);
    expect(error).toMatchObject({ code: 'agent_timeout' });
    await witness.reached;
    await witness.left;
    expect(await scratchFolders()).toEqual([]);
  });

  test('takes what it left behind with it at a good end', async () => {
    await using witness = await openWitness();
    const left = JSON.stringify(
      `${witness.say}.on('connect', () => require('fs').writeFileSync('up', '')); setInterval(() => {}, 1000)`,
    );
    const script = `require('child_process').spawn(process.execPath, ['-e', ${left}], { stdio: 'inherit' }).unref();
      const wait = setInterval(() => { if (require('fs').existsSync('up')) { clearInterval(wait); console.log('done'); process.exit() } }, 10)`;
    expect((await run(script)).text).toBe('done\n');
    await witness.left;
  });

  test('may not have more memory than it was given', async () => {
    const { json } = await run(`Buffer.alloc(3_000_000_000).fill(1); console.log('had it')`, {
      fields: { memory_mb: 2_300 },
    });
    expect(json).toMatchObject({ stdout: '' });
    expect(json.exit_code).not.toBe(0);
  });

  test('does not read its arguments from its task', async () => {
    const payload = { argv: ['rm'], command: { argv: ['rm'] }, env: { X: '1' }, name: 'other', '--eval': '1' };
    const { json } = await run(
      `console.log(JSON.stringify({ argv: process.argv.slice(1), X: process.env.X ?? null }))`,
      { payload },
    );
    expect(json).toEqual({ argv: [], X: null });
  });

  test('that this worker does not have cannot be called', async () => {
    expect((await gather({ agent })).error).toMatchObject({ code: 'agent_unreachable' });
    const commands = await openCommands({ file: undefined, searchPath, hidden: [] });
    expect((await gather({ agent, commands })).error).toMatchObject({ code: 'agent_unreachable' });
  });

  test('runs the same in a process of its own, and is ended with that', async () => {
    await using witness = await openWitness();
    const file = await setUp(`process.stdout.write('hello')`);
    const hanging = await setUp(`${witness.say}; setInterval(() => {}, 1000)`);
    const isolated = (from: string, signal = AbortSignal.timeout(20_000)) => {
      process.env.BATON_COMMANDS = from;
      return invokeIsolated([], { agent, call: testCall, signal });
    };
    try {
      const events = [];
      for await (const event of isolated(file)) events.push(event);
      expect(events).toEqual([{ type: 'message', text: 'hello' }, done]);
      const stop = new AbortController();
      const waiting = isolated(hanging, stop.signal)[Symbol.asyncIterator]().next();
      await witness.reached;
      stop.abort(new BatonError('cancelled'));
      await expect(waiting).rejects.toThrow();
      await witness.left;
      await eventually(async () => {
        const left = (await readdir(tmpdir())).filter((name) => name.startsWith('baton-command-'));
        return left.length === 0 ? true : undefined;
      });
    } finally {
      delete process.env.BATON_COMMANDS;
    }
  });
});

const { bwrap: boxed } = await probeHolders(searchPath);

describe.skipIf(boxed === undefined)('a command in a sandbox', () => {
  const inBox = { sandbox: 'required' };

  test('reads the system, writes to its own directory only, and has no network', async () => {
    const script = `const fs = require('fs'); const tried = (what) => { try { return what() ?? 'done' } catch (e) { return e.code } };
      console.log(JSON.stringify({ etc: tried(() => fs.writeFileSync('/etc/x', '')), own: tried(() => fs.writeFileSync('x', '')),
        file: tried(() => fs.readFileSync(process.env.FILE, 'utf8')), net: Object.keys(require('os').networkInterfaces()) }))`;
    await writeFile(path.join(folder, 'private.txt'), 'a secret');
    const { json } = await run(script, { fields: { ...inBox, env: { FILE: path.join(folder, 'private.txt') } } });
    expect(json).toMatchObject({ etc: 'EROFS', own: 'done', file: 'ENOENT' });
    expect(json.net.filter((name: string) => name !== 'lo')).toEqual([]);
  });

  test('does not see what is hidden', async () => {
    const script = `console.log(JSON.stringify([require('fs').readdirSync('/usr/share').length, process.env.HOME]))`;
    const file = await setUp(script, inBox);
    const commands = await openCommands({ file, searchPath, hidden: ['/usr/share', '/no/such/folder'] });
    const { events } = await gather({ agent, commands });
    expect(events[0]).toMatchObject({ text: expect.stringMatching(/^\[0,/) });
  });

  test('is ended with all that it started', async () => {
    await using witness = await openWitness();
    const script = `${witness.say}; setInterval(() => {}, 1000)`;
    const { error } = await run(script, { fields: { ...inBox, network: true, timeout_ms: 1_500 } });
    expect(error?.code).toBe('agent_timeout');
    await witness.reached;
    await witness.left;
  });
});

describe('in a run', () => {
  test('a task works on the files that the one before has made', async () => {
    const argv = (script: string) => ({ argv: [process.execPath, '-e', script], sandbox: 'none' });
    const file = path.join(folder, 'pipeline.json');
    const make = { ...argv(`require('fs').writeFileSync('code.js', 'throw 1')`), files_out: ['*.js'] };
    const check = argv(`require('child_process').execFileSync(process.execPath, ['code.js'], { stdio: 'pipe' })`);
    await writeFile(file, JSON.stringify({ commands: { make, check } }));
    await using engine = await openEngine({ env: { BATON_COMMANDS: file } });
    const registry = openRegistry(engine.opened.store);
    const ids = { make: 'maker', check: 'checker', none: 'nobody' };
    for (const [name, agent_id] of Object.entries(ids))
      await registry.put(
        AgentDescriptor.parse({ ...agent, agent_id, command: { name }, capabilities: ['code_generation'] }),
      );
    const sketch = { capability: 'code_generation' as const };
    const { results } = await engine.runToEnd(
      planOf({
        a: { ...sketch, agent: 'maker' },
        b: { ...sketch, agent: 'checker', after: ['a'] },
        c: { ...sketch, agent: 'nobody' },
      }),
    );
    expect(JSON.parse(results.get('a')?.response ?? '')).toMatchObject({
      exit_code: 0,
      files: { 'code.js': 'throw 1' },
    });
    const failed = JSON.parse(results.get('b')?.response ?? '');
    expect(failed).toMatchObject({ exit_code: 1, stderr: expect.stringContaining('throw 1') });
    expect(results.get('c')).toMatchObject({ status: 'failed', error: { code: 'no_suitable_agent' } });
  });
});

describe('the file of commands', () => {
  const read = async (content: string) => {
    const file = path.join(folder, `${crypto.randomUUID()}.json`);
    await writeFile(file, content);
    return openCommands({ file, searchPath, hidden: [] });
  };

  test.each([
    ['{', 'could not be read as JSON'],
    ['{"commands":{"it":{}}}', 'commands.it.argv'],
    ['{"commands":{"it":{"argv":["x"],"shell":true}}}', 'commands.it'],
    ['{"commands":{"Not a name":{"argv":["x"]}}}', 'commands'],
    ['{"commands":{"it":{"argv":["x"],"files_out":["../x"]}}}', 'commands.it.files_out[0]'],
    ['{"commands":{"it":{"argv":["x"],"files_out":["/x"]}}}', 'commands.it.files_out[0]'],
    ['{"commands":{"it":{"argv":["x"],"timeout_ms":0}}}', 'commands.it.timeout_ms'],
  ])('%s is refused', async (content, place) => {
    await expect(read(content)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining(place),
    });
  });

  test('may name what this machine lacks: then the command is not offered, and the report says why', async () => {
    const commands = await read(
      JSON.stringify({
        commands: { gone: { argv: ['no-such-program'] }, here: { argv: ['true'] }, there: { argv: ['bin/true'] } },
      }),
    );
    expect(['gone', 'here', 'there', 'toString'].map(commands.has)).toEqual([false, true, false, false]);
    expect(commands.reports.map(({ name, fault }) => [name, fault])).toEqual([
      ['gone', 'there is no program "no-such-program"'],
      ['here', null],
      ['there', 'there is no program "bin/true"'],
    ]);
  });

  test('may require a sandbox, which is bwrap', async () => {
    const without = path.join(folder, 'bin');
    await mkdir(without, { recursive: true });
    await symlink(process.execPath, path.join(without, 'node')).catch(() => undefined);
    const file = path.join(folder, 'required.json');
    const it = { argv: ['node', '-e', ''], sandbox: 'required' };
    await writeFile(file, JSON.stringify({ commands: { it, other: { ...it, sandbox: 'preferred' } } }));
    const commands = await openCommands({ file, searchPath: without, hidden: [] });
    expect(['it', 'other'].map(commands.has)).toEqual([false, true]);
    expect(commands.reports[0]?.fault).toContain('bwrap');
    expect(commands.reports[1]).toMatchObject({ sandbox: 'none', memoryLimit: false });
  });
});
