import type { Redis } from 'ioredis';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { StreamEvent } from '../../src/contracts/event.ts';
import type { Store } from '../../src/journal/store.ts';
import { checkCursor } from '../../src/streams/cursor.ts';
import { openStreamReader, type ReadOptions, type StreamReader } from '../../src/streams/run-stream.ts';
import { createTestRun } from '../support/store.ts';
import { beginTask, endRun, storedEvents, writeTokens } from '../support/stream-fixture.ts';
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
  reader = openStreamReader({ store, blockingRedis, blockMs: 100, snapshot: async (run) => ({ shows: run }) });
});

afterEach(async () => {
  await reader.close();
  blockingRedis.disconnect();
});

type Written = {
  readonly run: string;
  readonly task: string;
  readonly epoch: number;
  readonly all: readonly StreamEvent[];
};

/** A run of run.created, task.started and `tokens` tokens. */
async function writeSome(tokens: number): Promise<Written> {
  const run = await createTestRun(store);
  const epoch = await beginTask(store, run, 't1');
  const texts = Array.from({ length: tokens }, (_, i) => String(i));
  await writeTokens(store, { run, task: 't1', epoch, first: 1 }, texts);
  return { run, task: 't1', epoch, all: await storedEvents(store, run) };
}

async function readAll(run: string, options?: ReadOptions): Promise<readonly StreamEvent[]> {
  return await Array.fromAsync(reader.read(run, options));
}

const trimTo = (run: string, length: number) => store.redis.xtrim(store.keys.run(run).events, 'MAXLEN', length);
const idAt = (events: readonly StreamEvent[], index: number): string => events.at(index)?.id ?? '';

test('a cursor is known as good, trimmed away or of the future', async () => {
  const { run, all } = await writeSome(18);
  expect(await checkCursor(store, run, idAt(all, 0))).toBe('ok');
  expect(await checkCursor(store, run, idAt(all, -1))).toBe('ok');
  expect(await checkCursor(store, run, '9999999999999-0')).toBe('future');
  await trimTo(run, 5);
  expect(await checkCursor(store, run, idAt(all, 10))).toBe('trimmed');
  expect(await checkCursor(store, run, idAt(all, 15))).toBe('ok');
  await expect(checkCursor(store, 'rNoSuchRun', '1-1')).rejects.toMatchObject({ code: 'run_not_found' });
});

test('where events were trimmed stands one stream.gap with a snapshot, then what is kept', async () => {
  const { run, all } = await writeSome(18);
  await endRun(store, run);
  await trimTo(run, 5);
  const kept = await storedEvents(store, run);
  for (const after of [undefined, idAt(all, 3)]) {
    const [gap, ...rest] = await readAll(run, after === undefined ? {} : { after });
    expect(gap).toMatchObject({
      name: 'stream.gap',
      event_type: 'status',
      run_id: run,
      detail: { after: after ?? '0-0', resumes_at: idAt(kept, 0), snapshot: { shows: run } },
    });
    expect(rest).toEqual(kept);
  }
});

test('whoever resumes after the gap or later meets no second one', async () => {
  const { run } = await writeSome(18);
  await endRun(store, run);
  await trimTo(run, 5);
  const kept = await storedEvents(store, run);
  const [gap] = await readAll(run);
  expect(await checkCursor(store, run, gap?.id ?? '')).toBe('ok');
  expect(await readAll(run, { after: gap?.id ?? '' })).toEqual(kept);
  expect(await readAll(run, { after: idAt(kept, 0) })).toEqual(kept.slice(1));
});

test('a stream that lost nothing gives no gap, whatever id a reader names', async () => {
  const { run, all } = await writeSome(5);
  await endRun(store, run);
  const whole = await storedEvents(store, run);
  expect(await readAll(run, { after: '5-0' })).toEqual(whole);
  expect(await readAll(run, { after: idAt(all, 2) })).toEqual(whole.slice(3));
});

test('a reader of history that trimming overtakes is told so in the middle, once', async () => {
  const { run } = await writeSome(1_200);
  const events: StreamEvent[] = [];
  for await (const event of reader.read(run)) {
    events.push(event);
    if (events.length === 10) await trimTo(run, 100);
    if (events.length === 520) await endRun(store, run);
  }
  const gaps = events.filter(({ name }) => name === 'stream.gap');
  expect(gaps).toHaveLength(1);
  expect(events.findIndex(({ name }) => name === 'stream.gap')).toBe(500); // after the page that was read before the trimming
  expect(events.slice(501)).toEqual(await storedEvents(store, run));
});

test('a live reader whose next events are trimmed before it could read them is told so', async () => {
  const { run, task, epoch } = await writeSome(5);
  const reading = readAll(run);
  await vi.waitUntil(async () => String(await store.redis.client('LIST')).includes('cmd=xread'));
  const key = store.keys.run(run).events;
  const fields = ['n', 'task.token', 't', task, 'a', 'poet', 'e', String(epoch), 'd', '', 'x', '{}'];
  const burst = store.redis.multi();
  for (let i = 0; i < 50; i += 1) burst.xadd(key, '*', ...fields);
  await burst.xtrim(key, 'MAXLEN', 10).exec();
  await endRun(store, run);
  const events = await reading;
  const kept = await storedEvents(store, run);
  expect(events.map(({ name }) => name).slice(0, 8)).toEqual([
    'run.created',
    'task.started',
    ...Array<string>(5).fill('task.token'),
    'stream.gap',
  ]);
  expect(events.slice(8)).toEqual(kept);
});

test('another reader of the same run is not disturbed by one that names an id of the future', async () => {
  const { run } = await writeSome(3);
  const leaving = new AbortController();
  const ahead = readAll(run, { after: '9999999999999-0', signal: leaving.signal });
  await vi.waitUntil(async () => String(await store.redis.client('LIST')).includes('cmd=xread'));
  const honest = readAll(run);
  await endRun(store, run);
  expect(await honest).toEqual(await storedEvents(store, run));
  leaving.abort();
  expect(await ahead).toEqual([]);
});
