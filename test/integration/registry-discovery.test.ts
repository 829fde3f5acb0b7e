// A foreign discovery service in the seed's form: what its agents become here, and what happens when it does not answer.
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import { whyRefused } from '../../src/outbound/address-policy.ts';
import { type HttpClient, openHttp } from '../../src/outbound/http.ts';
import { openDiscoverer } from '../../src/registry/discoverer.ts';
import { type Discovery, type DiscoveryOptions, openDiscovery } from '../../src/registry/discovery.ts';
import { openPlainProbe } from '../../src/registry/probe.ts';
import { openRegistry, type Registry } from '../../src/registry/registry.ts';
import { localPolicy, openLocalHttp } from '../support/http.ts';
import { openScriptedServer, type ScriptedServer } from '../support/scripted-server.ts';
import { useTestStore } from '../support/use-store.ts';

const opened = useTestStore();
let http: HttpClient;
let agentHttp: HttpClient;
let registry: Registry;
let service: ScriptedServer;
/** What the service answers; tests replace it. */
let answer: (response: ServerResponse) => void;
let warnings: string[];

beforeAll(async () => {
  http = openHttp({ policy: 'operator' });
  agentHttp = openLocalHttp();
  service = await openScriptedServer((response, { path }) =>
    path === '/base/agents' ? answer(response) : void response.end('ok'),
  );
});

beforeEach(async () => {
  await opened.store.redis.flushall();
  registry = openRegistry(opened.store);
  warnings = [];
});

afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await http.close();
  await agentHttp.close();
});

const foreign = (agent_id: string, fields: object = {}) => ({
  ...{ agent_id, name: agent_id, description: '', endpoint: service.url, capabilities: ['search'] },
  ...fields,
});
const says = (body: unknown): void => {
  answer = (response) => void response.end(JSON.stringify(body));
};
const discoveryOf = (options: Partial<DiscoveryOptions> = {}): Discovery =>
  openDiscovery({
    store: opened.store,
    service: { url: `${service.url}/base/`, http, whyRefused: (url) => whyRefused(localPolicy, url) },
    ttlMs: 60_000,
    onWarning: (_fields, text) => void warnings.push(text),
    ...options,
  });
const known = async (): Promise<readonly string[]> =>
  (await registry.list()).map(({ agent, healthy }) => `${agent.agent_id}${healthy ? '' : ' (not healthy)'}`).toSorted();

test("agents of the service are in the registry, from the seed's form and from a bare list, and leave with it", async () => {
  const discovery = discoveryOf();
  says({ agents: [foreign('one'), foreign('two', { static_response: 'fixed' })] });
  expect(await discovery.refresh()).toMatchObject({ agents: 2, stale: false, error: null, skipped: [] });
  expect(await known()).toEqual(['one (not healthy)', 'two']);
  expect((await registry.find('one'))?.source).toBe('discovered');
  says([foreign('two', { name: 'Two' }), foreign('three')]);
  await discovery.refresh();
  expect(await known()).toEqual(['three (not healthy)', 'two (not healthy)']);
  expect((await registry.find('two'))?.agent.name).toBe('Two');
});

test('an agent of the service is healthy as soon as a probe says so, and is asked for when its answer grows old', async () => {
  says([foreign('probed')]);
  const ttlMs = 2_000;
  await using _watch = openDiscoverer({
    ...{ store: opened.store, registry, probe: openPlainProbe(agentHttp), probeMs: 200 },
    discovery: discoveryOf({ ttlMs }),
    onError: (error) => {
      throw error;
    },
  });
  await expect.poll(known, { timeout: 3_000 }).toEqual(['probed']);
  says([]);
  await expect.poll(known, { timeout: 2 * ttlMs }).toEqual([]);
});

test('an agent that somebody registered here wins over one of the service, also later', async () => {
  const own = AgentDescriptor.parse(foreign('same', { name: 'Ours' }));
  await registry.put(own);
  says([foreign('same', { name: 'Theirs' }), foreign('other')]);
  const discovery = discoveryOf();
  expect((await discovery.refresh()).skipped).toMatchObject([{ agent_id: 'same' }]);
  await registry.put({ ...own, agent_id: 'other' });
  says([]);
  await discovery.refresh();
  expect(await known()).toEqual(['other', 'same']);
  expect((await registry.find('same'))?.agent.name).toBe('Ours');
});

test('entries with faults are passed over and told once each', async () => {
  says([foreign('fine'), foreign('bad', { capabilities: ['magic'] }), foreign('far', { endpoint: 'http://10.0.0.1' })]);
  const discovery = discoveryOf();
  for (let times = 0; times < 2; times += 1) {
    const { agents, skipped } = await discovery.refresh();
    expect([agents, skipped.map(({ agent_id }) => agent_id)]).toEqual([1, ['bad', 'far']]);
  }
  expect(warnings).toHaveLength(2);
});

test.each<[string, (response: ServerResponse) => void]>([
  ['answers 500', (response) => void response.writeHead(500).end('[]')],
  ['breaks off', (response) => void response.writeHead(200).write('{"agents": [', () => response.destroy())],
  ['says something else', (response) => void response.end('<html>')],
  ['sends a redirect', (response) => void response.writeHead(302, { location: '/elsewhere' }).end()],
])('when the service %s, what it said last stays in use, with a warning when that is old', async (_what, failing) => {
  const discovery = discoveryOf({ ttlMs: 400 });
  says([foreign('kept')]);
  await discovery.refresh();
  answer = failing;
  await expect(discovery.refresh()).rejects.toMatchObject({ code: 'discovery_unavailable' });
  expect(await discovery.state()).toMatchObject({ agents: 1, error: expect.any(String) });
  await expect.poll(async () => (await discovery.state()).stale).toBe(true);
  await expect(discovery.refresh()).rejects.toMatchObject({ code: 'discovery_unavailable' });
  expect(await known()).toEqual(['kept (not healthy)']);
  expect(warnings).toEqual([expect.stringContaining('last is used'), expect.stringContaining('still used')]);
  says([foreign('kept'), foreign('new')]);
  expect(await discovery.refresh()).toMatchObject({ agents: 2, stale: false, error: null });
  expect(warnings.at(-1)).toBe('the discovery service answers again');
});

test('a service that has never answered harms nobody, and is asked again', async () => {
  answer = (response) => void response.destroy();
  const discovery = discoveryOf({ ttlMs: 1_000 });
  await discovery.refreshWhenDue();
  expect(await discovery.state()).toMatchObject({ agents: 0, refreshed_at: null, stale: false });
  expect(await known()).toEqual([]);
  says([foreign('late')]);
  await expect
    .poll(
      async () => {
        await discovery.refreshWhenDue();
        return known();
      },
      { timeout: 4_000 },
    )
    .toEqual(['late (not healthy)']);
});

test('a slow service is asked once at a time, over all processes', async () => {
  let open = 0;
  let most = 0;
  const arrived = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  answer = async (response) => {
    open += 1;
    most = Math.max(most, open);
    arrived.resolve();
    await go.promise;
    open -= 1;
    response.end(JSON.stringify([foreign('slow')]));
  };
  const [first, second] = [discoveryOf(), discoveryOf()];
  const asked = [first.refresh(), first.refresh(), second.refresh(), second.refreshWhenDue()];
  await arrived.promise;
  go.resolve();
  await Promise.all(asked);
  expect(most).toBe(1);
  expect(await known()).toEqual(['slow (not healthy)']);
});

test('what another service said counts as nothing of this one', async () => {
  says([foreign('a')]);
  await discoveryOf().refresh();
  const url = `${service.url}/elsewhere`;
  const other = discoveryOf({ service: { url, http, whyRefused: () => null } });
  expect(await other.state()).toMatchObject({ url, agents: 0, refreshed_at: null });
});

test('who forces a refresh waits for one that a killed process has left behind, and then asks, whatever else is due', async () => {
  const { redis: commands, keys } = opened.store;
  await commands.set(keys.discoveryRefresh, 'a killed process', 'PX', 500);
  says([foreign('asked')]);
  const discovery = discoveryOf();
  const due = discovery.refreshWhenDue();
  expect(await discovery.refresh()).toMatchObject({ agents: 1, refreshed_at: expect.any(String) });
  await due;
});
