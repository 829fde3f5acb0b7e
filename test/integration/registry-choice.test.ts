// Choosing an agent from a real registry, with real health endpoints.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import { BatonError } from '../../src/contracts/error.ts';
import type { HttpClient } from '../../src/outbound/http.ts';
import { openBreakers } from '../../src/registry/breaker.ts';
import { type ChooserOptions, openChooser } from '../../src/registry/choose.ts';
import { openPermits, type Permits } from '../../src/registry/permit.ts';
import { openProbe } from '../../src/registry/probe.ts';
import { openRegistry, type Registry } from '../../src/registry/registry.ts';
import { openLocalHttp } from '../support/http.ts';
import { planOf, type TaskSketch } from '../support/plans.ts';
import { openScriptedServer } from '../support/scripted-server.ts';
import { useTestStore } from '../support/use-store.ts';

/** Longer than any of these tests waits, so that only an answer ends a wait. */
const WAIT_MS = 8_000;

const opened = useTestStore();
let http: HttpClient;
let registry: Registry;
let permits: Permits;

beforeAll(() => {
  http = openLocalHttp();
  permits = openPermits({ ...opened.store, breakers: openBreakers(), onError: () => undefined });
});

beforeEach(async () => {
  await opened.store.redis.flushall();
  registry = openRegistry(opened.store);
});

afterAll(async () => {
  await http.close();
  await permits[Symbol.asyncDispose]();
});

type Sketch = Partial<AgentDescriptor> & { readonly agent_id: string };

function agentOf({ agent_id, ...rest }: Sketch): AgentDescriptor {
  return AgentDescriptor.parse({
    ...{ agent_id, name: agent_id, endpoint: 'http://127.0.0.1:1', capabilities: ['custom'] },
    ...rest,
  });
}

/** Registers an agent that has since fallen silent. */
async function putSilent(sketch: Sketch): Promise<void> {
  await registry.put(agentOf(sketch));
  await opened.store.redis.del(opened.store.keys.agentHealth(sketch.agent_id));
}

function needOf(sketch: TaskSketch = {}) {
  const [task] = planOf({ t: sketch }).sub_tasks;
  if (task === undefined) throw new Error('expected a task');
  return { task, failed: [], holder: 'a call' };
}

const chooserOf = (options: Partial<ChooserOptions> = {}) =>
  openChooser({ registry, permits, probe: openProbe(http), canCall: () => true, waitMs: WAIT_MS, ...options });
const never = new AbortController().signal;

/** Counts how often a wait has looked at the agents. */
function openLooks() {
  let looks = 0;
  let seen = Promise.withResolvers<void>();
  const canCall = (): boolean => {
    looks += 1;
    seen.resolve();
    seen = Promise.withResolvers();
    return true;
  };
  const until = async (count: number): Promise<void> => {
    while (looks < count) await seen.promise;
  };
  return { canCall, until };
}

test('a silent agent that answers its health endpoint is chosen', async () => {
  await using server = await openScriptedServer((response) => void response.end('ok'));
  await putSilent({ agent_id: 'back', endpoint: server.url });
  const ranking = await chooserOf().wait(needOf(), never);
  expect(ranking.eligible.map(({ agent_id }) => agent_id)).toEqual(['back']);
  expect(server.received.map(({ path }) => path)).toEqual(['/health']);
});

test('a silent agent that would answer but does not fit the task does not end the wait for one that does', async () => {
  await using server = await openScriptedServer((response) => void response.end('ok'));
  const payload_schema = { content_type: 'application/json', optional_fields: {}, example: {} };
  await putSilent({
    agent_id: 'misfit',
    endpoint: server.url,
    payload_schema: { ...payload_schema, required_fields: { language: 'string' } },
  });
  const looks = openLooks();
  const waiting = chooserOf({ canCall: looks.canCall }).wait(needOf(), never);
  await Promise.race([looks.until(3), waiting]);
  await registry.put(agentOf({ agent_id: 'fit' }));

  expect((await waiting).eligible.map(({ agent_id }) => agent_id)).toEqual(['fit']);
});

test('equal agents share the work of each capability, however the capabilities alternate', async () => {
  const capabilities = ['search', 'translation'] as const;
  for (const capability of capabilities) {
    for (const number of [1, 2])
      await registry.put(agentOf({ agent_id: `${capability}-${number}`, capabilities: [capability] }));
  }
  const chooser = chooserOf();
  const chosen: string[] = [];
  for (let round = 0; round < 10; round += 1) {
    for (const capability of capabilities)
      chosen.push((await chooser.now(needOf({ capability }))).eligible[0]?.agent_id ?? 'nobody');
  }
  const counts = Object.groupBy(chosen, (agent) => agent);
  expect(
    Object.entries(counts)
      .map(([agent, times]) => [agent, times?.length])
      .toSorted(),
  ).toEqual([
    ['search-1', 5],
    ['search-2', 5],
    ['translation-1', 5],
    ['translation-2', 5],
  ]);
});

test('an abort between two looks ends a wait at once with the reason of the signal', async () => {
  await putSilent({ agent_id: 'gone' });
  const controller = new AbortController();
  const looks = openLooks();
  const waiting = chooserOf({ canCall: looks.canCall }).wait(needOf(), controller.signal);
  const ended = expect(waiting).rejects.toMatchObject({ name: 'BatonError', code: 'cancelled' });
  await looks.until(2);
  controller.abort(new BatonError('cancelled'));
  await ended;
});

test('an abort ends a wait at once also while a health endpoint keeps silent', async () => {
  await using server = await openScriptedServer(() => undefined);
  await putSilent({ agent_id: 'mute', endpoint: server.url });
  const controller = new AbortController();
  const waiting = chooserOf().wait(needOf(), controller.signal);
  const ended = expect(waiting).rejects.toMatchObject({ name: 'BatonError', code: 'cancelled' });
  await server.next();
  const before = performance.now();
  controller.abort(new BatonError('cancelled'));
  await ended;
  expect(performance.now() - before).toBeLessThan(500);
});

test.each([
  ['of another version', JSON.stringify({ agent_id: 'newer', of_a_newer_version: 1 })],
  ['that is not JSON', '{"agent_id":'],
])('a descriptor %s is passed over and reported once; another text of it is reported again', async (_, text) => {
  const { redis: commands, keys } = opened.store;
  const reported: string[] = [];
  const reading = openRegistry({ ...opened.store, onUnreadable: (agent) => void reported.push(agent) });
  await reading.put(agentOf({ agent_id: 'fine' }));
  await commands.hset(keys.agents, 'newer', text);

  for (let read = 0; read < 3; read += 1) {
    expect((await reading.list()).map(({ agent }) => agent.agent_id)).toEqual(['fine']);
  }
  expect(reported).toEqual(['newer']);
  await commands.hset(keys.agents, 'newer', `${text} `);
  await commands.xadd(keys.agentEvents, '*', 'n', 'agent.updated', 'a', 'newer', 'x', '{}');
  await reading.list();
  expect(reported).toEqual(['newer', 'newer']);
});
