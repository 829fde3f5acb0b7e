// Guarantees I8, over whole tasks: nobody calls an agent whose health ran out more than two seconds ago.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { openScriptedServer } from '../support/scripted-server.ts';

const OUT_WITHIN_MS = 2_000;
/** Other than the default, to see that the worker takes it. */
const HEALTH_TTL_MS = 60_000;

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine({ env: { BATON_PROBE_MS: '200', BATON_HEALTH_TTL_MS: `${HEALTH_TTL_MS}` } });
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

test('a sign of life counts for as long as the worker is set to', async () => {
  const { redis, keys } = engine.opened.store;
  const leftMs = await redis.pttl(keys.agentHealth('search-1'));
  expect(leftMs).toBeGreaterThan(HEALTH_TTL_MS / 2);
  expect(leftMs).toBeLessThanOrEqual(HEALTH_TTL_MS);
});

test('an agent whose heartbeats have stopped is called no more, however many tasks ask for it', async () => {
  const calls: number[] = [];
  await using server = await openScriptedServer((response, { path }) => {
    if (path === '/health') return void response.writeHead(503).end();
    calls.push(performance.now());
    response.setHeader('content-type', 'application/json').end('{"response": "still here"}');
  });
  const { store } = engine.opened;
  const frozen = { agent_id: 'frozen', name: 'frozen', endpoint: server.url, capabilities: ['search'] };
  const registry = openRegistry(store);
  await registry.put(AgentDescriptor.parse(frozen));
  await registry.heartbeat('frozen');
  const plan = planOf({ t: { capability: 'search', agent: 'frozen', input_data: { query: 'x' } } });
  await engine.runToEnd(plan);
  expect(calls).toHaveLength(1);

  await store.redis.pexpire(store.keys.agentHealth('frozen'), 1);
  const expiredAt = performance.now();
  let failed = 0;
  while (performance.now() < expiredAt + OUT_WITHIN_MS + 1_500) {
    const { results } = await engine.runToEnd(plan);
    if (results.get('t')?.status === 'failed') failed += 1;
  }
  expect(failed).toBeGreaterThan(0);
  expect(calls.filter((at) => at > expiredAt + OUT_WITHIN_MS)).toEqual([]);
});
