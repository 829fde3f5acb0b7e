import { getEventListeners } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Redis } from 'ioredis';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { StreamEvent } from '../../src/contracts/event.ts';
import { compareIds } from '../../src/contracts/ids.ts';
import type { Store } from '../../src/journal/store.ts';
import { openStreamReader, type ReadOptions, type StreamReader } from '../../src/streams/run-stream.ts';
import { seededRandom, seedOfTest } from '../support/seeded-random.ts';
import { createTestRun } from '../support/store.ts';
import { beginTask, endRun, storedEvents, writeRun, writeTokens } from '../support/stream-fixture.ts';
import { useTestStore } from '../support/use-store.ts';

const opened = useTestStore();
let store: Store;
let blockingRedis: Redis;
let reader: StreamReader;

beforeAll(() => {
  store = opened.store;
});

beforeEach(() => {
  blockingRedis = opened.connect();
  reader = openStreamReader({ store, blockingRedis, blockMs: 100 });
});

afterEach(async () => {
  await reader.close();
  blockingRedis.disconnect();
});

async function readAll(run: string, options?: ReadOptions): Promise<readonly StreamEvent[]> {
  return await Array.fromAsync(reader.read(run, options));
}

async function openRun(): Promise<{ run: string; task: string; epoch: number }> {
  const run = await createTestRun(store);
  return { run, task: 't1', epoch: await beginTask(store, run, 't1') };
}

/** How many connections wait in XREAD. */
async function blockedReads(): Promise<number> {
  const list = String(await store.redis.client('LIST'));
  return list.split('\n').filter((line) => /cmd=xread /.test(line) && /flags=\w*b/.test(line)).length;
}

test('a run that has ended is given whole, from the start or after any event, and the reading ends', async () => {
  const at = await openRun();
  await writeRun(store, at, 1_200);
  const reference = await storedEvents(store, at.run);
  expect(await readAll(at.run)).toEqual(reference);
  for (const index of [0, 1, 499, 500, 501, 999, reference.length - 2])
    expect(await readAll(at.run, { after: reference[index]?.id ?? '' })).toEqual(reference.slice(index + 1));
});

test('whoever has seen the terminal event gets nothing more, at once', async () => {
  const at = await openRun();
  await endRun(store, at.run);
  const last = (await storedEvents(store, at.run)).at(-1);
  expect(await readAll(at.run, { after: last?.id ?? '' })).toEqual([]);
});

test('a run that does not exist is not found', async () => {
  await expect(readAll('rNoSuchRun')).rejects.toMatchObject({ code: 'run_not_found' });
});

test('events arrive while they are written, and the reading ends right after the terminal one', async () => {
  const at = await openRun();
  const seen: string[] = [];
  const { signal } = new AbortController();
  for await (const event of reader.read(at.run, { signal })) {
    seen.push(event.name);
    if (event.name === 'task.started') await writeTokens(store, { ...at, first: 1 }, ['a']);
    if (event.data === 'a') await writeTokens(store, { ...at, first: 2 }, ['b', 'c']);
    if (event.data === 'c') await endRun(store, at.run);
  }
  expect(seen).toEqual(['run.created', 'task.started', 'task.token', 'task.token', 'task.token', 'run.completed']);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('readers that are cut off at random and resume see each event exactly once, in order', async () => {
  const seed = seedOfTest();
  const random = seededRandom(seed);
  const at = await openRun();
  const readers = Array.from({ length: 12 }, () => readWithCuts(at.run, random));
  await writeRun(store, at, 2_000);
  const reference = (await storedEvents(store, at.run)).map(({ id }) => id);
  let cuts = 0;
  for (const { ids, cut } of await Promise.all(readers)) {
    expect(ids, `seed ${seed}`).toEqual(reference);
    cuts += cut;
  }
  expect(cuts).toBeGreaterThan(100);
});

test('readers that join at any moment of a run meet no seam between history and live events', async () => {
  const at = await openRun();
  const writing = writeRun(store, at, 1_500);
  const readings: Promise<readonly StreamEvent[]>[] = [];
  for (let isWriting = true; isWriting && readings.length < 60; ) {
    readings.push(readAll(at.run));
    isWriting = await Promise.race([writing.then(() => false), store.redis.ping().then(() => true)]);
  }
  await writing;
  const reference = await storedEvents(store, at.run);
  expect(readings.length).toBeGreaterThan(20);
  for (const events of await Promise.all(readings)) expect(events).toEqual(reference);
});

test('a reader misses nothing when the one before it leaves with a read still under way', async () => {
  const at = await openRun();
  const [late, early] = [reader.read(at.run)[Symbol.asyncIterator](), reader.read(at.run)[Symbol.asyncIterator]()];
  for (const events of [late, early, late, early]) await events.next(); // both have the whole history, neither has joined
  const heard = early.next();
  await writeTokens(store, { ...at, first: 1 }, ['x']);
  expect((await heard).value).toMatchObject({ data: 'x' });
  await vi.waitUntil(async () => (await blockedReads()) > 0);
  await early.return?.();
  const written = writeTokens(store, { ...at, first: 2 }, ['y']); // answers that read, which began after x
  expect((await late.next()).value).toMatchObject({ data: 'x' });
  expect((await late.next()).value).toMatchObject({ data: 'y' });
  await written;
  await late.return?.();
});

test('two hundred readers of one run and readers of others need one connection', async () => {
  const [one, two] = [await openRun(), await openRun()];
  const readings = Array.from({ length: 200 }, () => readAll(one.run));
  const other = readAll(two.run);
  await vi.waitUntil(async () => (await blockedReads()) > 0);
  await writeTokens(store, { ...one, first: 1 }, ['a']);
  expect(await blockedReads()).toBeLessThanOrEqual(1);
  await writeTokens(store, { ...one, first: 2 }, ['b']);
  await Promise.all([endRun(store, one.run), endRun(store, two.run)]);
  const reference = await storedEvents(store, one.run);
  for (const events of await Promise.all(readings)) expect(events).toEqual(reference);
  expect(await other).toEqual(await storedEvents(store, two.run));
});

test('a run that a reader joins while others are waited for is read at once', async () => {
  const [one, two] = [await openRun(), await openRun()];
  const patientRedis = opened.connect();
  await using patient = openStreamReader({ store, blockingRedis: patientRedis, blockMs: 60_000 });
  const first = Array.fromAsync(patient.read(one.run));
  await vi.waitUntil(async () => (await blockedReads()) > 0);
  const second = Array.fromAsync(patient.read(two.run));
  await vi.waitUntil(async () => (await blockedReads()) > 0);
  await endRun(store, two.run);
  expect(await second).toEqual(await storedEvents(store, two.run));
  await endRun(store, one.run);
  expect(await first).toHaveLength(3);
});

test('a run that nobody reads any longer leaves the read, the others stay in it', async () => {
  await using reads = await watchReads();
  const [one, two] = [await openRun(), await openRun()];
  const leaving = new AbortController();
  const left = readAll(one.run, { signal: leaving.signal });
  const stayed = readAll(two.run);
  await vi.waitUntil(() => reads.last().includes(one.run) && reads.last().includes(two.run));
  leaving.abort();
  await left;
  await vi.waitUntil(() => !reads.last().includes(one.run));
  expect(reads.last()).toContain(two.run);
  await endRun(store, two.run);
  await stayed;
});

test('a reader that leaves while it waits takes its listeners along, by signal or by return()', async () => {
  const at = await openRun();
  const leaving = new AbortController();
  const bySignal = readAll(at.run, { signal: leaving.signal });
  const events = reader.read(at.run)[Symbol.asyncIterator]();
  await events.next();
  await events.next();
  const waiting = events.next();
  await vi.waitUntil(async () => (await blockedReads()) > 0);
  await events.return?.();
  expect(await waiting).toMatchObject({ done: true });
  leaving.abort();
  expect((await bySignal).map(({ name }) => name)).toEqual(['run.created', 'task.started']);
  expect(getEventListeners(leaving.signal, 'abort')).toEqual([]);
  await vi.waitUntil(async () => (await blockedReads()) === 0);
});

test('a signal that has aborted before lets nothing begin', async () => {
  const at = await openRun();
  expect(await readAll(at.run, { signal: AbortSignal.abort() })).toEqual([]);
});

test('closing ends every reading with draining and leaves the connections to their owner', async () => {
  const at = await openRun();
  const reading = readAll(at.run);
  const refused = expect(reading).rejects.toMatchObject({ code: 'draining' });
  await vi.waitUntil(async () => (await blockedReads()) > 0);
  await reader.close();
  await refused;
  expect(await blockingRedis.ping()).toBe('PONG');
});

test('a connection that is closed under the reader ends the readings with store_unavailable, and is told once', async () => {
  const told: string[] = [];
  const lentRedis = opened.connect();
  const log = { warn: (_fields: object, text: string) => told.push(text) };
  await using careless = openStreamReader({ store, blockingRedis: lentRedis, log });
  const readings = [await openRun(), await openRun()].map(({ run }) => Array.fromAsync(careless.read(run)));
  const refused = readings.map((reading) => expect(reading).rejects.toMatchObject({ code: 'store_unavailable' }));
  await vi.waitUntil(async () => (await blockedReads()) > 0);
  lentRedis.disconnect();
  await Promise.all(refused);
  expect(told).toEqual(['the stream reader cannot read; it tries again']);
});

test('a run that is removed while a reader waits ends the reading with run_not_found', async () => {
  const at = await openRun();
  const reading = readAll(at.run);
  const refused = expect(reading).rejects.toMatchObject({ code: 'run_not_found' });
  await vi.waitUntil(async () => (await blockedReads()) > 0);
  const { run, events } = store.keys.run(at.run);
  await store.redis.unlink(events, run);
  await refused;
});

test('an entry that cannot be read ends the readings of its run only', async () => {
  const [one, two] = [await openRun(), await openRun()];
  const broken = expect(readAll(one.run)).rejects.toMatchObject({ code: 'internal' });
  const whole = readAll(two.run);
  await vi.waitUntil(async () => (await blockedReads()) > 0);
  await store.redis.xadd(store.keys.run(one.run).events, '*', 'n', 'name.of.tomorrow', 'd', '');
  await broken;
  await endRun(store, two.run);
  expect(await whole).toEqual(await storedEvents(store, two.run));
});

test('a reader that stops reading costs no memory for what is written meanwhile, and misses none of it', async () => {
  const at = await openRun();
  const fast = Array.fromAsync(reader.read(at.run), ({ id }) => id);
  const ids: string[] = [];
  const slow = reader.read(at.run)[Symbol.asyncIterator]();
  for (let i = 0; i < 2; i += 1) ids.push((await slow.next()).value?.id ?? '');
  const third = slow.next();
  await writeTokens(store, { ...at, first: 1 }, ['first']);
  ids.push((await third).value?.id ?? ''); // it listens live from here on
  const before = heapAfterCollection();
  const text = 'x'.repeat(10_000);
  for (let written = 0; written < 2_400; written += 60)
    await writeTokens(store, { ...at, first: 2 + written }, Array<string>(60).fill(text));
  await endRun(store, at.run);
  const fastIds = await fast;
  expect(heapAfterCollection() - before).toBeLessThan(8_000_000); // 24 MB were written
  for (let next = await slow.next(); !next.done; next = await slow.next()) ids.push(next.value.id);
  expect(ids).toEqual(fastIds);
  expect(ids).toHaveLength(2_404);
});

/** Reads a run to its end over readings that each end after a random number of events. */
async function readWithCuts(run: string, random: () => number): Promise<{ ids: readonly string[]; cut: number }> {
  const ids: string[] = [];
  for (let cut = 0; ; cut += 1) {
    const after = ids.at(-1);
    const length = 1 + Math.floor(random() * 200);
    for await (const event of reader.read(run, after === undefined ? {} : { after })) {
      if (after !== undefined && compareIds(event.id, after) <= 0) throw new Error(`${event.id} came again`);
      ids.push(event.id);
      if (event.name === 'run.completed') return { ids, cut };
      if (ids.length % length === 0) break;
      if (random() < 0.1) await nextTurn();
    }
  }
}

type ReadWatch = AsyncDisposable & { last(): string };

/** Hears the XREADs that Redis gets. To be called while nobody sends any: ioredis takes a first one for MONITOR's own reply. */
async function watchReads(): Promise<ReadWatch> {
  const monitor = await opened.connect().monitor();
  let last = '';
  monitor.on('monitor', (_time: string, args: readonly string[]) => {
    if (args[0]?.toLowerCase() === 'xread') last = args.join(' ');
  });
  return { last: () => last, [Symbol.asyncDispose]: async () => monitor.disconnect() };
}

function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
