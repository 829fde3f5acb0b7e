// Health of agents in a real registry, kept by heartbeats, probes and calls, and told by one of several discoverers.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import { defaults } from '../../src/contracts/limits.ts';
import type { HttpClient } from '../../src/outbound/http.ts';
import { loadChanges } from '../../src/registry/agent-events.ts';
import { type DiscovererOptions, openDiscoverer } from '../../src/registry/discoverer.ts';
import { openPlainProbe } from '../../src/registry/probe.ts';
import { openRegistry, type Registry } from '../../src/registry/registry.ts';
import { openLocalHeartbeat } from '../../src/workers/local-heartbeat.ts';
import { openLocalHttp } from '../support/http.ts';
import { openScriptedServer } from '../support/scripted-server.ts';
import { useTestStore } from '../support/use-store.ts';

/** Guarantees I8: so long after its health has run out an agent may still be chosen. */
const OUT_WITHIN_MS = 2_000;

const opened = useTestStore();
let http: HttpClient;
let registry: Registry;

beforeAll(() => {
  http = openLocalHttp();
});

beforeEach(async () => {
  await opened.store.redis.flushall();
  registry = openRegistry(opened.store);
});

afterAll(async () => {
  await http.close();
});

function agentOf(agent_id: string, fields: object = {}): AgentDescriptor {
  return AgentDescriptor.parse({
    ...{ agent_id, name: agent_id, endpoint: 'http://127.0.0.1:1', capabilities: ['custom'] },
    ...fields,
  });
}

const watch = (options: Partial<DiscovererOptions> = {}): AsyncDisposable =>
  openDiscoverer({
    ...{ store: opened.store, registry, probe: openPlainProbe(http), probeMs: 100, discovery: undefined },
    onError: (error) => {
      throw error;
    },
    ...options,
  });

const isHealthy = async (id: string, from: Registry = registry): Promise<boolean> =>
  (await from.byCapability('custom')).some(({ agent, healthy }) => agent.agent_id === id && healthy);
const expireNow = (id: string) => opened.store.redis.pexpire(opened.store.keys.agentHealth(id), 1);

async function changeNames(): Promise<readonly string[]> {
  const { changes } = await loadChanges(opened.store, '0-0', 1_000);
  return changes.map(({ name, agent_id }) => `${agent_id} ${name.replace('agent.', '')}`);
}

test('an agent whose health runs out is out of every choice within two seconds, also in a process that reads all the time', async () => {
  await registry.put(agentOf('frozen'));
  expect(await isHealthy('frozen')).toBe(true);
  const expiresAt = performance.now() + 300;
  await opened.store.redis.pexpire(opened.store.keys.agentHealth('frozen'), 300);
  let lastSeen = 0;
  while (performance.now() < expiresAt + OUT_WITHIN_MS + 500) {
    if (await isHealthy('frozen')) lastSeen = performance.now();
    await new Promise(setImmediate);
  }
  expect(lastSeen - expiresAt).toBeGreaterThan(-300);
  expect(lastSeen - expiresAt).toBeLessThan(OUT_WITHIN_MS);
});

test('an agent that another process takes out is chosen no more after a second', async () => {
  const other = openRegistry(opened.store);
  await other.put(agentOf('leaver'));
  expect(await isHealthy('leaver')).toBe(true);
  await other.remove('leaver');
  await expect.poll(async () => (await registry.byCapability('custom')).length, { timeout: 1_500 }).toBe(0);
});

test('that an agent has expired, and that it is back, is told once each, however many processes look', async () => {
  await registry.put(agentOf('sleeper', { endpoint: null, transport: 'in_process' }));
  await using _first = watch();
  await using _second = watch({ registry: openRegistry(opened.store) });
  await expireNow('sleeper');
  await expect.poll(changeNames, { timeout: 5_000 }).toContain('sleeper expired');
  await Promise.all([registry.heartbeat('sleeper'), registry.heartbeat('sleeper'), registry.heartbeat('sleeper')]);
  expect(await changeNames()).toEqual(['sleeper registered', 'sleeper expired', 'sleeper recovered']);
});

test('an agent that sends heartbeats is never probed', async () => {
  await using server = await openScriptedServer((response) => void response.end());
  await registry.put(agentOf('beats', { endpoint: server.url }));
  await registry.heartbeat('beats');
  await registry.put(agentOf('probed', { endpoint: `${server.url}/other` }));
  await using _watch = watch();
  for (let probes = 0; probes < 3; probes += 1) await server.next();
  expect(new Set(server.received.map(({ path }) => path))).toEqual(new Set(['/other/health']));
});

test('three bad probes in a row take an agent out before its time, two good ones bring it back', async () => {
  let status = 500;
  await using server = await openScriptedServer((response) => void response.writeHead(status).end());
  await registry.put(agentOf('ill', { endpoint: server.url }));
  await using _watch = watch();
  await expect.poll(() => isHealthy('ill'), { timeout: defaults.healthTtlMs / 2 }).toBe(false);
  expect(server.received.length).toBeGreaterThanOrEqual(3);
  status = 200;
  await expect.poll(() => isHealthy('ill'), { timeout: 10_000 }).toBe(true);
  expect(await changeNames()).toEqual(['ill registered', 'ill expired', 'ill recovered']);
});

test('an agent that flaps does not flap in the registry', async () => {
  let probes = 0;
  // Two good answers, two bad ones, and so on: what two seconds up and two down look like to whoever asks each second.
  await using server = await openScriptedServer((response) => {
    probes += 1;
    response.writeHead(probes % 4 < 2 ? 503 : 200).end();
  });
  await registry.put(agentOf('flapper', { endpoint: server.url }));
  await using _watch = watch();
  await expect.poll(() => probes, { timeout: 25_000 }).toBeGreaterThan(12);
  expect(await isHealthy('flapper')).toBe(true);
  expect(await changeNames()).toEqual(['flapper registered']);
});

test('a call that succeeded keeps an agent healthy that has no health endpoint', async () => {
  await using server = await openScriptedServer((response) => void response.writeHead(404).end());
  await registry.put(agentOf('plain', { endpoint: server.url }));
  await registry.noteServed('plain');
  await using _watch = watch();
  for (let probes = 0; probes < 4; probes += 1) await server.next();
  expect(await isHealthy('plain')).toBe(true);
  expect(await changeNames()).toEqual(['plain registered']);
});

test('an agent that cannot be probed in time holds up nobody else', async () => {
  await using mute = await openScriptedServer(() => undefined);
  await using well = await openScriptedServer((response) => void response.end());
  for (const number of [1, 2, 3]) await registry.put(agentOf(`mute-${number}`, { endpoint: mute.url }));
  await registry.put(agentOf('well', { endpoint: well.url }));
  await using _watch = watch();
  for (let probes = 0; probes < 3; probes += 1) await well.next();
  expect(mute.received.length).toBeLessThanOrEqual(6);
});

test('an agent that never shows a sign of life again is out two seconds after its time, counted from its registration', async () => {
  await using mute = await openScriptedServer(() => undefined);
  const healthTtlMs = 1_500; // three bad probes take longer: the time alone takes it out
  const brief = openRegistry({ ...opened.store, healthTtlMs });
  const registeredAt = performance.now();
  await brief.put(agentOf('born-dead', { endpoint: mute.url }));
  await using _watch = watch({ registry: brief, probeMs: 500 });
  await expect.poll(() => isHealthy('born-dead', brief), { timeout: healthTtlMs + 10_000 }).toBe(false);
  const outAfterMs = performance.now() - registeredAt;
  expect(outAfterMs).toBeGreaterThan(healthTtlMs - 100);
  expect(outAfterMs).toBeLessThan(healthTtlMs + OUT_WITHIN_MS);
});

test.each<[string, (brief: Registry) => Promise<unknown>]>([
  ['a registration', async () => undefined],
  ['a heartbeat', (brief) => brief.heartbeat('brief')],
  ['a probe', (brief) => brief.noteProbed('brief')],
  ['a probe for a task', (brief) => brief.revive('brief')],
  ['a call', (brief) => brief.noteServed('brief')],
])('%s counts for as long as the registry is told, and says when it came', async (_sign, show) => {
  const healthTtlMs = 60_000;
  const { redis: commands, keys } = opened.store;
  const brief = openRegistry({ ...opened.store, healthTtlMs });
  await brief.put(agentOf('brief'));
  const shownAt = Date.now();
  await show(brief);
  const leftMs = await commands.pttl(keys.agentHealth('brief'));
  expect(leftMs).toBeGreaterThan(healthTtlMs - 5_000);
  expect(leftMs).toBeLessThanOrEqual(healthTtlMs);
  expect(Math.abs(((await brief.find('brief'))?.lastSeenAt ?? 0) - shownAt)).toBeLessThan(1_000);
});

test('calls keep an agent healthy whose signs count for a moment only', async () => {
  const brief = openRegistry({ ...opened.store, healthTtlMs: 1_000 });
  await brief.put(agentOf('busy'));
  const endAt = performance.now() + 2_000;
  while (performance.now() < endAt) {
    await brief.noteServed('busy');
    expect(await opened.store.redis.exists(opened.store.keys.agentHealth('busy'))).toBe(1);
    await new Promise(setImmediate);
  }
});

test('a worker sends heartbeats for its own agents as often as the time needs that they count', async () => {
  const healthTtlMs = 1_500;
  const brief = openRegistry({ ...opened.store, healthTtlMs });
  const onError = (thrown: unknown) => {
    throw thrown;
  };
  const mine = agentOf('mine', { endpoint: null, transport: 'in_process' });
  await using _beats = await openLocalHeartbeat({ registry: brief, agents: [mine], healthTtlMs, onError });
  const signOfMine = () => opened.store.redis.get(opened.store.keys.agentHealth('mine'));
  expect(await signOfMine()).toBe('registration');
  await expect.poll(signOfMine, { timeout: 2 * healthTtlMs }).toBe('heartbeat');
});

test('when the process that probes is killed another one takes over before anybody has expired', async () => {
  await using server = await openScriptedServer((response) => void response.end());
  const { redis: commands, keys } = opened.store;
  await registry.put(agentOf('probed', { endpoint: server.url }));
  await commands.set(keys.agentHealth('probed'), 'probe', 'PX', 9_000); // asked 6 s ago, by a process that died 1 s after that
  await commands.set(keys.discoverer, 'a dead process', 'PX', 5_000);
  await using _watch = watch({ probeMs: defaults.heartbeatMs });
  await server.next();
  await expect.poll(() => commands.pttl(keys.agentHealth('probed'))).toBeGreaterThan(9_000);
  expect(await changeNames()).toEqual(['probed registered']);
});

test('a thousand agents are all asked within seconds', async () => {
  await using server = await openScriptedServer((response) => void response.end());
  const ids = Array.from({ length: 1_000 }, (_, number) => `many-${number}`);
  await Promise.all(ids.map((id) => registry.put(agentOf(id, { endpoint: `${server.url}/${id}` }))));
  for (const id of ids) await opened.store.redis.set(opened.store.keys.agentHealth(id), 'probe', 'PX', 60_000);
  await using _watch = watch({ probeMs: 2_000 });
  const asked = () => new Set(server.received.map(({ path }) => path)).size;
  await expect.poll(asked, { timeout: 4_000 }).toBe(ids.length);
});
