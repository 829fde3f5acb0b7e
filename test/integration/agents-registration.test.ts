import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AgentDefinition } from '../../src/agents/definition.ts';
import { type ServeOptions, serveAgent } from '../../src/agents/serve.ts';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import { openScriptedServer, type Received } from '../support/scripted-server.ts';

const shouter: AgentDefinition = {
  id: 'shouter',
  capabilities: ['custom'],
  async *stream(task) {
    for (const word of task.description.split(' ')) yield `${word.toUpperCase()} `;
  },
};

/** The registry's part of the API: which ids it knows, and whether it is well. */
async function openRegistry() {
  const known = new Map<string, unknown>();
  const state = { status: 200 };
  const server = await openScriptedServer((response, { method, path: at, body }) => {
    const [, id = '', heartbeat] = /^\/v1\/agents\/([^/]+)(\/heartbeat)?$/.exec(at) ?? [];
    const unknown = method !== 'PUT' && !known.has(id);
    if (state.status !== 200 || id === '') return void response.writeHead(state.status).end('{"detail":"not today"}');
    if (unknown) return void response.writeHead(404).end();
    if (method === 'PUT') known.set(id, JSON.parse(body));
    if (method === 'DELETE') known.delete(id);
    response.writeHead(heartbeat === undefined && method === 'PUT' ? 201 : 204).end();
  });
  return Object.assign(server, { known, state });
}

const options = (batonUrl: string, logged: string[] = []): ServeOptions => ({
  batonUrl,
  heartbeatMs: 20,
  signals: false,
  log: (message) => logged.push(message),
});

const lineOf = ({ method, path: at }: Received): string => `${method} ${at}`;

describe('a registered agent', () => {
  test('is registered when serveAgent resolves, says that it serves, and leaves when it closes', async () => {
    await using registry = await openRegistry();
    const served = await serveAgent(shouter, options(registry.url));
    expect(AgentDescriptor.parse(registry.known.get('shouter'))).toEqual(served.descriptor);
    expect(lineOf(await registry.next())).toBe('PUT /v1/agents/shouter');
    for (let beat = 0; beat < 3; beat += 1)
      expect(lineOf(await registry.next())).toBe('POST /v1/agents/shouter/heartbeat');
    await served.close();
    expect(registry.received.map(lineOf).at(-1)).toBe('DELETE /v1/agents/shouter');
    expect(registry.known.size).toBe(0);
  });

  test('names its instance in every call, another one each time it is served', async () => {
    await using registry = await openRegistry();
    for (let times = 0; times < 2; times += 1) {
      await using _served = await serveAgent(shouter, options(registry.url));
      await expect.poll(() => registry.received.some(({ method }) => method === 'POST')).toBe(true);
    }
    const instances = registry.received.map(({ method, headers }) => ({
      method,
      instance: headers['x-baton-instance'],
    }));
    expect(instances.every(({ instance }) => /^[0-9a-f-]{36}$/.test(String(instance)))).toBe(true);
    const removed = instances.flatMap(({ method, instance }) => (method === 'DELETE' ? [instance] : []));
    expect(new Set(removed).size).toBe(2);
    expect(instances.filter(({ instance }) => instance === removed[0]).length).toBeGreaterThanOrEqual(3);
  });

  test('says all that its definition says, and the address by which others reach it', async () => {
    await using registry = await openRegistry();
    const about = {
      skills: ['headlines', 'shouting'],
      version: '2',
      max_concurrent_tasks: 3,
      pool: 'primary',
      auth: { kind: 'header', name: 'x-key', secret_ref: 'file:shouter' },
      tls: { ca_ref: 'file:ca.pem' },
      stream_format: 'ndjson',
    } as const;
    const publicUrl = 'https://shouter.example/agents/1';
    await using _served = await serveAgent({ ...shouter, ...about }, { ...options(registry.url), publicUrl });
    expect(registry.known.get('shouter')).toMatchObject({ ...about, endpoint: publicUrl });
  });

  test('registers again when the registry has forgotten it', async () => {
    await using registry = await openRegistry();
    await using served = await serveAgent(shouter, options(registry.url));
    await registry.next();
    registry.known.clear();
    while (lineOf(await registry.next()) !== 'PUT /v1/agents/shouter');
    await expect.poll(() => registry.known.get('shouter')).toEqual(served.descriptor);
  });

  test('goes on serving while the API is away, logs it once, and comes back by itself', async () => {
    await using registry = await openRegistry();
    const logged: string[] = [];
    registry.state.status = 503;
    await using served = await serveAgent(shouter, options(registry.url, logged));
    for (let tries = 0; tries < 4; tries += 1) await registry.next();
    expect((await fetch(`${served.url}/health`)).status).toBe(200);
    expect(logged).toEqual([expect.stringContaining('answered 503 to PUT: {"detail":"not today"}')]);
    registry.state.status = 200;
    await expect.poll(() => registry.known.size).toBe(1);
    await expect.poll(() => logged).toHaveLength(2);
    expect(logged[1]).toContain('is registered');
  });

  test('is not stopped by an API that was never there', async () => {
    const gone = await openRegistry();
    await gone[Symbol.asyncDispose]();
    const logged: string[] = [];
    const served = await serveAgent(shouter, options(gone.url, logged));
    expect((await fetch(`${served.url}/health`)).status).toBe(200);
    await served.close();
    expect(logged).toEqual([
      expect.stringContaining('could not reach the registry'),
      expect.stringContaining('could not leave the registry'),
    ]);
  });

  test('leaves the registry and ends by itself at Ctrl-C', async () => {
    await using registry = await openRegistry();
    const door = path.resolve('src/agents/agent.ts');
    const program = `
      import { serveAgent } from ${JSON.stringify(door)};
      await serveAgent(
        { id: 'shouter', capabilities: ['custom'], reply: 'HO' },
        { batonUrl: ${JSON.stringify(registry.url)} },
      );
      console.log('ready');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const exit = once(child, 'exit');
    expect(lineOf(await registry.next())).toBe('PUT /v1/agents/shouter');
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect(await exit).toEqual([0, null]);
    expect(registry.received.map(lineOf).at(-1)).toBe('DELETE /v1/agents/shouter');
  });
});
