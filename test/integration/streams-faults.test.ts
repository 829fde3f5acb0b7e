import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { StreamEvent } from '../../src/contracts/event.ts';
import type { Store } from '../../src/journal/store.ts';
import { openPublisher } from '../../src/streams/publisher.ts';
import { openStreamReader, type StreamReader } from '../../src/streams/run-stream.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { createTestRun, openTestStore, type TestStore } from '../support/store.ts';
import { beginTask, endRun, storedEvents, tokenText } from '../support/stream-fixture.ts';

const TOKENS = 600;
const READERS = 5;

let redis: TestRedis;
let opened: TestStore;
let store: Store;
let blockingRedis: Redis;
let reader: StreamReader;

beforeEach(async () => {
  redis = await startTestRedis({ appendonly: true });
  opened = openTestStore(redis.url);
  store = opened.store;
  blockingRedis = new Redis(redis.url, { maxRetriesPerRequest: null, socketTimeout: 500 });
  blockingRedis.on('error', () => undefined); // these tests break it
  reader = openStreamReader({ store, blockingRedis, blockMs: 200 });
});

afterEach(async () => {
  await reader.close();
  blockingRedis.disconnect();
  await opened[Symbol.asyncDispose]();
  await redis.stop();
});

/** A run is written and read; twice on the way something happens to Redis. Nothing may be missing or doubled. */
async function writeAndReadThrough(harm: () => Promise<void>): Promise<void> {
  const run = await createTestRun(store);
  const publisher = openPublisher({ store, run, task: 't1', agent: 'poet', epoch: await beginTask(store, run, 't1') });
  let heard = 0;
  const count = (event: StreamEvent): StreamEvent => {
    heard += event.data.length;
    return event;
  };
  const readings = Promise.all(Array.from({ length: READERS }, () => Array.fromAsync(reader.read(run), count)));
  readings.catch(() => undefined); // awaited below: what fails before must not be hidden by it
  let text = '';
  for (let number = 0; number < TOKENS; number += 1) {
    text += `${number} `;
    await publisher.publish({ name: 'task.token', data: `${number} `, detail: {} });
    if (number % 5 === 0) await publisher.flush();
    if (number % 300 !== 150) continue;
    await vi.waitUntil(() => heard > (READERS * text.length) / 2, { timeout: 10_000 });
    await harm();
  }
  await publisher.flush();
  await endRun(store, run);
  const reference = await storedEvents(store, run);
  expect(tokenText(reference)).toBe(text);
  for (const events of await readings) expect(events).toEqual(reference);
}

test('connections that are killed in mid-stream lose and double nothing', async () => {
  const admin = opened.connect();
  await writeAndReadThrough(async () => {
    await vi.waitUntil(() => blockingRedis.status === 'ready');
    const killed = await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    expect(Number(killed)).toBeGreaterThan(1);
  });
});

test('a Redis that freezes in mid-stream and comes back loses and doubles nothing', async () => {
  const probe = new Redis(redis.url, { maxRetriesPerRequest: 0, retryStrategy: () => 100, socketTimeout: 700 });
  probe.on('error', () => undefined); // it is here to give up
  await writeAndReadThrough(async () => {
    await probe.ping();
    redis.pause();
    await expect(probe.ping()).rejects.toThrow(); // longer than the reader's connection has patience
    redis.resume();
  });
  probe.disconnect();
});

test('a Redis that is killed in mid-stream and started again loses and doubles nothing', async () => {
  await writeAndReadThrough(async () => {
    // everysec puts writes off while an fsync is slow: what it has acknowledged may then die with the process.
    await store.redis.config('SET', 'appendfsync', 'always');
    await redis.kill();
    await redis.restart();
  });
});
