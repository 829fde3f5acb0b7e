import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AgentAccess } from '../../src/contracts/agent-access.ts';
import { BatonError } from '../../src/contracts/error.ts';
import { readText } from '../../src/outbound/body.ts';
import type { HttpClient } from '../../src/outbound/http.ts';
import { openLocalHttp } from '../support/http.ts';
import { openScriptedServer, type ScriptedServer } from '../support/scripted-server.ts';

const limits = { firstByteMs: 5_000, idleMs: 5_000, totalMs: 10_000, maxBytes: 10_000 };
const CANARY = 'canary-0815';

let root: string;
let secretsDir: string;
let server: ScriptedServer;

beforeAll(async () => {
  server = await openScriptedServer((response) => void response.end('fine'));
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'baton-secrets-'));
  secretsDir = path.join(root, 'secrets');
  await mkdir(secretsDir);
  return () => rm(root, { recursive: true });
});

const openWith = (secretVariables: Record<string, string> = {}): HttpClient =>
  openLocalHttp({ secrets: { secretVariables, secretsDir } });
const bearer = (secret_ref: string): AgentAccess => ({ auth: { kind: 'bearer', secret_ref }, tls: null });
const put = (name: string, value: string | Buffer): Promise<void> => writeFile(path.join(secretsDir, name), value);

/** The header that the server got. */
async function shown(http: HttpClient, access: AgentAccess, header = 'authorization'): Promise<unknown> {
  const headers = { authorization: 'from the caller', [header]: 'from the caller' };
  await readText((await http.request({ url: server.url, method: 'POST', body: '{}', headers, access, limits })).body);
  return server.received.at(-1)?.headers[header];
}

async function failureOf(work: Promise<unknown>): Promise<BatonError> {
  return work.then(() => Promise.reject(new Error('expected a failure')), BatonError.from);
}

describe('a secret by reference', () => {
  test('is shown to the agent as a bearer token, or in a header of its own', async () => {
    await using http = openWith({ BATON_SECRET_A: CANARY });
    await put('b.txt', `${CANARY}-b\n`);
    expect(await shown(http, bearer('env:BATON_SECRET_A'))).toBe(`Bearer ${CANARY}`);
    expect(await shown(http, bearer('file:b.txt'))).toBe(`Bearer ${CANARY}-b`);
    const auth = { kind: 'header', name: 'X-Api-Key', secret_ref: 'file:b.txt' } as const;
    expect(await shown(http, { auth, tls: null }, 'x-api-key')).toBe(`${CANARY}-b`);
  });

  test('is rotated by writing its file, or by putting another one in its place', async () => {
    await using http = openWith();
    await put('token', 'one');
    expect(await shown(http, bearer('file:token'))).toBe('Bearer one');
    await put('token', 'two');
    expect(await shown(http, bearer('file:token'))).toBe('Bearer two');
    await put('token.new', 'six');
    await rename(path.join(secretsDir, 'token.new'), path.join(secretsDir, 'token'));
    expect(await shown(http, bearer('file:token'))).toBe('Bearer six');
  });

  test('may be a link within the folder, as orchestrators make them', async () => {
    await using http = openWith();
    for (const version of ['..v1', '..v2']) {
      await mkdir(path.join(secretsDir, version));
      await put(`${version}/token`, `in ${version}`);
      await rm(path.join(secretsDir, '..data'), { force: true });
      await symlink(version, path.join(secretsDir, '..data'));
      if (version === '..v1') await symlink('..data/token', path.join(secretsDir, 'token'));
      expect(await shown(http, bearer('file:token'))).toBe(`Bearer in ${version}`);
    }
  });

  test('is shown by a fetch for packages too, whatever they set themselves', async () => {
    await using http = openWith({ BATON_SECRET_A: CANARY });
    const fetch = http.fetchWith({ access: bearer('env:BATON_SECRET_A'), limits });
    await (await fetch(server.url, { headers: { Authorization: 'Bearer placeholder' } })).text();
    expect(server.received.at(-1)?.headers.authorization).toBe(`Bearer ${CANARY}`);
  });
});

describe('a secret that cannot be used', () => {
  const refused = async (ref: string, variables: Record<string, string> = {}): Promise<string> => {
    await using http = openWith(variables);
    const before = server.received.length;
    const error = await failureOf(shown(http, bearer(ref)));
    expect(error.code).toBe('secret_unavailable');
    expect(error.retryable).toBe(true);
    expect(error.message).toContain(ref);
    expect(server.received).toHaveLength(before);
    expect(inspect(error, { depth: 10 })).not.toMatch(new RegExp(`${CANARY}|${root}`));
    return error.message;
  };

  test('is named by its reference, never by its value or its path', async () => {
    await put('empty', '\n');
    await put('large', Buffer.alloc(64_001, CANARY));
    await put('two-lines', `${CANARY}\r\nx-other: yes`);
    await put('nul', `${CANARY}\0`);
    await put('unicode', `${CANARY}€`);
    await mkdir(path.join(secretsDir, 'folder'));
    expect(await refused('file:missing')).toContain('no such file');
    expect(await refused('file:folder')).toContain('no such file');
    expect(await refused('file:empty')).toContain('empty');
    expect(await refused('file:large')).toContain('larger than 64000 bytes');
    for (const name of ['two-lines', 'nul', 'unicode']) {
      expect(await refused(`file:${name}`)).toContain('one line of ASCII');
    }
    expect(await refused('env:BATON_SECRET_NONE')).toContain('not set');
    expect(await refused('env:BATON_SECRET_A', { BATON_SECRET_A: `${CANARY}\nx` })).toContain('one line of ASCII');
    expect(await refused('env:BATON_SECRET_A', { BATON_SECRET_A: '' })).toContain('empty');
    expect(await refused('env:BATON_SECRET_A', { BATON_SECRET_A: CANARY.repeat(10_000) })).toContain('larger');
  });

  test('lies outside of the folder, wherever a link or a name leads', async () => {
    await writeFile(path.join(root, 'outside'), CANARY);
    await mkdir(`${secretsDir}-of-others`);
    await writeFile(`${secretsDir}-of-others/token`, CANARY);
    await symlink(path.join(root, 'outside'), path.join(secretsDir, 'absolute'));
    await symlink('../secrets-of-others/token', path.join(secretsDir, 'relative'));
    await symlink('/etc/passwd', path.join(secretsDir, 'passwd'));
    const names = ['absolute', 'relative', 'passwd', '../outside', '..', '.', '/etc/passwd', 'a/../../outside'];
    for (const name of names) expect(await refused(`file:${name}`)).toContain('no such file');
    for (const ref of ['env:PATH', 'env:__proto__', 'env:constructor', 'vault:x', 'nonsense']) await refused(ref);
  });

  test('needs a folder that is set', async () => {
    await using http = openLocalHttp();
    const error = await failureOf(shown(http, bearer('file:token')));
    expect(error.message).toBe('The secret file:token cannot be used: BATON_SECRETS_DIR is not set.');
  });
});

describe('an error that repeats the secret', () => {
  const value = 'its "first" part and its second';
  const told = (text: string) =>
    new BatonError('agent_failed', `The agent "a" reported: ${text}`, {
      cause: new Error(text, { cause: Object.assign(new Error('inner'), { data: { text } }) }),
      faults: [{ path: 'x', message: text }],
      retryAfterMs: 7,
    });

  test.each([
    ['as it is', value],
    ['as JSON has it', JSON.stringify({ key: value })],
    ['in the middle of more', `no such key: ${value}!`],
    ['clipped', `no such key: ${value.slice(0, -3)}`],
  ])('is given without it, %s', async (_, text) => {
    await using http = openWith({ BATON_SECRET_A: value });
    const error = await http.conceal(bearer('env:BATON_SECRET_A'), told(text));
    expect(error).toMatchObject({ code: 'agent_failed', retryAfterMs: 7 });
    expect(error.message).toMatch(/^The agent "a" reported: .*\[secret\]/);
    expect(error.faults[0]?.message).toContain('[secret]');
    expect(String(error.cause)).toContain('[secret]');
    for (const shown of [inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error.toRecord())])
      expect(shown).not.toMatch(/first|second/);
  });

  test('in no message but in what a package adds to its error is told no more either', async () => {
    await using http = openWith({ BATON_SECRET_A: CANARY });
    const cause = Object.assign(new Error('refused'), { data: { authorization: CANARY } });
    const error = await http.conceal(bearer('env:BATON_SECRET_A'), new BatonError('agent_failed', 'No.', { cause }));
    expect(error).toMatchObject({ code: 'agent_failed', message: 'No.' });
    expect(inspect(error, { depth: 20 })).not.toContain(CANARY);
  });

  test('any other one stays what it is, also where there is no secret to look for', async () => {
    await using http = openWith({ BATON_SECRET_A: CANARY });
    const error = told('the oven is cold');
    for (const access of [bearer('env:BATON_SECRET_A'), bearer('env:BATON_SECRET_NONE'), { auth: null, tls: null }])
      expect(await http.conceal(access, error)).toBe(error);
  });
});

test('a call that fails tells its secret to nobody: not in its message, its record or its causes', async () => {
  await using silent = await openScriptedServer((response, { path: asked }) => {
    if (asked === '/cut') response.writeHead(200, { 'content-length': '10' }).write('x', () => response.destroy());
    else if (asked === '/redirect') response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
    else if (asked === '/garbage') response.socket?.end('HTTP/9.9 nonsense\r\n\r\n');
    else if (asked === '/large') response.end('x'.repeat(20_000));
  });
  await using http = openWith({ BATON_SECRET_A: CANARY });
  const access = bearer('env:BATON_SECRET_A');
  const short = { ...limits, firstByteMs: 100 };
  const urls = [
    ...['/cut', '/redirect', '/garbage', '/large', '/silent'].map((at) => silent.url + at),
    'http://127.0.0.1:1/',
  ];
  for (const url of urls) {
    const call = async () => readText((await http.request({ url, method: 'GET', access, limits: short })).body);
    const fetched = async () => (await http.fetchWith({ access, limits: short })(url)).text();
    for (const error of [await failureOf(call()), await failureOf(fetched())]) {
      expect(JSON.stringify(error.toRecord())).not.toContain(CANARY);
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(CANARY);
    }
  }
});
