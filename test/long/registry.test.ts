// What ten thousand registered agents cost a process that chooses among them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AgentDescriptor, Capability } from '../../src/contracts/agent.ts';
import { openRegistry, type Registry } from '../../src/registry/registry.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { openTestStore, type TestStore } from '../support/store.ts';

const AGENTS = 10_000;

let redis: TestRedis;
let opened: TestStore;

beforeAll(async () => {
  redis = await startTestRedis();
  opened = openTestStore(redis.url);
  const writer = openRegistry(opened.store);
  for (let at = 0; at < AGENTS; at += 200)
    await Promise.all(Array.from({ length: 200 }, (_, index) => writer.put(agentOf(at + index))));
});

afterAll(async () => {
  await opened[Symbol.asyncDispose]();
  await redis.stop();
});

function agentOf(number: number, fields: object = {}): AgentDescriptor {
  return AgentDescriptor.parse({
    ...{ agent_id: `agent-${number}`, name: `Agent ${number}`, endpoint: 'http://127.0.0.1:1' },
    capabilities: [Capability.options[number % Capability.options.length]],
    skills: [`skill ${number % 100}`],
    ...fields,
  });
}

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

const commandsOf = async (): Promise<number> =>
  Number(/total_commands_processed:(\d+)/.exec(await opened.store.redis.info('stats'))?.[1]);
const bytesOf = async (): Promise<number> =>
  Number(/total_net_output_bytes:(\d+)/.exec(await opened.store.redis.info('stats'))?.[1]);

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;
}

test('the first look reads all, every other one only what has changed', async () => {
  const registry = openRegistry(opened.store);
  const firstMs = await msOf(() => registry.list());
  const secondMs = await msOf(() => registry.list('search'));
  const before = { commands: await commandsOf(), bytes: await bytesOf() };
  await openRegistry(opened.store).put(agentOf(1, { priority: 1 }));
  const changedMs = await msOf(() => registry.list('search'));
  const commands = (await commandsOf()) - before.commands;
  const kilobytes = ((await bytesOf()) - before.bytes) / 1_000;
  console.log({ firstMs, secondMs, changedMs, commands, kilobytes });
  expect(changedMs).toBeLessThan(200);
  expect(kilobytes).toBeLessThan(200);
});

test('a process that asks all the time waits for Redis hardly ever', async () => {
  const registry: Registry = openRegistry(opened.store);
  await registry.byCapability('search');
  const times: number[] = [];
  const until = performance.now() + 10_000;
  while (performance.now() < until) {
    times.push(await msOf(() => registry.byCapability('search')));
    await new Promise(setImmediate);
  }
  const p99Ms = percentile(times, 0.99);
  console.log({
    asked: times.length,
    p99Ms,
    p9999Ms: percentile(times, 0.9999),
    mostMs: percentile(times, 1 - 1 / times.length),
  });
  expect(p99Ms).toBeLessThan(5);
});
