import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { beforeAll, expect, test } from 'vitest';
import { limits } from '../../src/contracts/limits.ts';
import type { Store } from '../../src/journal/store.ts';
import { openPublisher, type Publisher } from '../../src/streams/publisher.ts';
import { createTestRun } from '../support/store.ts';
import { beginTask, endRun, storedEvents, tokenText } from '../support/stream-fixture.ts';
import { useTestStore } from '../support/use-store.ts';

const opened = useTestStore();
let store: Store;

beforeAll(() => {
  store = opened.store;
});

type Attempt = { readonly run: string; readonly publisher: Publisher };

async function openAttempt(options: { signal?: AbortSignal; store?: Store } = {}): Promise<Attempt> {
  const run = await createTestRun(store);
  const epoch = await beginTask(store, run, 't1');
  const publisher = openPublisher({ store, run, task: 't1', agent: 'poet', epoch, ...options });
  return { run, publisher };
}

const token = (data: string) => ({ name: 'task.token', data, detail: {} }) as const;
const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i} `);

test('the first token leaves alone, those that come meanwhile leave together, merged beyond 64', async () => {
  const { run, publisher } = await openAttempt();
  const texts = numbered(1_000);
  for (const text of texts) await publisher.publish(token(text));
  await publisher.flush();
  const events = (await storedEvents(store, run)).filter(({ name }) => name === 'task.token');
  expect(events[0]?.data).toBe('0 ');
  expect(tokenText(events)).toBe(texts.join(''));
  expect(events.length).toBe(1 + limits.tokensPerAppend - 1); // 999 by 16 are 63 events
});

test('up to 64 tokens that wait together keep their own events', async () => {
  const { run, publisher } = await openAttempt();
  await Promise.all(numbered(1 + limits.tokensPerAppend).map((text) => publisher.publish(token(text))));
  await publisher.flush();
  const events = await storedEvents(store, run);
  expect(events.filter(({ name }) => name === 'task.token')).toHaveLength(1 + limits.tokensPerAppend);
});

test('messages and status keep their place among tokens, and each event names its agent and attempt', async () => {
  const { run, publisher } = await openAttempt();
  const said = [token('a'), token('b'), { name: 'task.status', data: 'busy', detail: {} } as const, token('c')];
  for (const event of said) await publisher.publish(event);
  await publisher.publish({ name: 'task.message', data: 'd', detail: {} });
  await publisher.flush();
  const events = (await storedEvents(store, run)).slice(2);
  expect(events.map(({ data, agent_id, attempt }) => [data, agent_id, attempt])).toEqual([
    ['a', 'poet', 1],
    ['b', 'poet', 1],
    ['busy', 'poet', 1],
    ['c', 'poet', 1],
    ['d', 'poet', 1],
  ]);
});

test('a character cut between two tokens is stored whole', async () => {
  const { run, publisher } = await openAttempt();
  for (const text of ['smile \ud83d', '\ude00', ' again \ud83d', '\ude00']) await publisher.publish(token(text));
  await publisher.flush();
  expect(tokenText(await storedEvents(store, run))).toBe('smile 😀 again 😀');
});

test('an attempt that another one has followed writes nothing more and learns it at once', async () => {
  const { run, publisher } = await openAttempt();
  await publisher.publish(token('mine'));
  await publisher.flush();
  await beginTask(store, run, 't1');
  const before = await storedEvents(store, run);
  await publisher.publish(token('zombie'));
  await expect(publisher.flush()).rejects.toMatchObject({ code: 'lock_lost' });
  expect(publisher.lost.reason).toMatchObject({ code: 'lock_lost' });
  await expect(publisher.publish(token('again'))).rejects.toMatchObject({ code: 'lock_lost' });
  expect(await storedEvents(store, run)).toEqual(before);
});

test('nothing is written after the terminal event', async () => {
  const { run, publisher } = await openAttempt();
  await endRun(store, run);
  await publisher.publish(token('late'));
  await expect(publisher.flush()).rejects.toMatchObject({ code: 'cancelled' });
  expect(publisher.lost.aborted).toBe(true);
  expect((await storedEvents(store, run)).at(-1)?.name).toBe('run.completed');
});

test('an attempt whose events Redis has lost fails and may be tried again', async () => {
  const { run, publisher } = await openAttempt();
  for (const text of ['a', 'b', 'c']) await publisher.publish(token(text));
  await publisher.flush();
  await store.redis.hset(store.keys.run(run).tasks, 't1:seq', 1);
  await publisher.publish(token('d'));
  await expect(publisher.flush()).rejects.toMatchObject({ code: 'internal', retryable: true });
});

test('events that Redis refuses for good fail the attempt at once', async () => {
  const { run, publisher } = await openAttempt();
  await store.redis.set(store.keys.run(run).events, 'no stream');
  await publisher.publish(token('a'));
  await expect(publisher.flush()).rejects.toMatchObject({ code: 'internal' });
});

test('a reply that is lost doubles nothing: the same events go again under the same numbers', async () => {
  await using proxy = await openReplyDropper(opened.redis.port);
  // Commands without a reply are rejected, so that it is the publisher that sends again, not ioredis.
  const flaky = new Redis(proxy.port, '127.0.0.1', { maxRetriesPerRequest: 0, retryStrategy: () => 5 });
  flaky.on('error', () => undefined);
  const { run, publisher } = await openAttempt({ store: { redis: flaky, keys: store.keys } });
  const texts = numbered(60);
  for (const [index, text] of texts.entries()) {
    if (index % 20 === 10) proxy.dropNextReply();
    await publisher.publish(token(text));
    if (index % 10 === 0) await publisher.flush();
  }
  await publisher.flush();
  flaky.disconnect();
  expect(proxy.dropped()).toBe(3);
  expect(tokenText(await storedEvents(store, run))).toBe(texts.join(''));
});

test('while Redis is silent whoever publishes waits as soon as 256,000 characters do, and goes on with it', async () => {
  const { run, publisher } = await openAttempt();
  const text = 'x'.repeat(10_000);
  await publisher.publish(token(text));
  opened.redis.pause();
  let taken = 1;
  let all = Promise.resolve();
  for (; taken < 40; taken += 1) {
    all = publisher.publish(token(text));
    const isWaiting = await Promise.race([all.then(() => false), nextTurn(true)]);
    if (isWaiting) break;
  }
  expect(taken).toBeGreaterThan(20);
  expect(taken).toBeLessThan(30);
  opened.redis.resume();
  await all;
  await publisher.flush();
  expect(tokenText(await storedEvents(store, run))).toBe(text.repeat(taken + 1));
});

test('a signal ends the wait for a Redis that is silent, and its reason is what the publisher rejects with', async () => {
  const deadline = new AbortController();
  const { publisher } = await openAttempt({ signal: deadline.signal });
  opened.redis.pause();
  await publisher.publish(token('a'));
  const flushed = publisher.flush();
  deadline.abort(new Error('the task took too long'));
  await expect(flushed).rejects.toMatchObject({ code: 'cancelled', cause: { message: 'the task took too long' } });
  opened.redis.resume();
});

test('a closed publisher takes nothing more and is not lost', async () => {
  const { publisher } = await openAttempt();
  await publisher.publish(token('a'));
  await publisher.flush();
  publisher.close();
  await expect(publisher.publish(token('b'))).rejects.toMatchObject({ code: 'internal' });
  expect(publisher.lost.aborted).toBe(false);
});

type ReplyDropper = AsyncDisposable & { readonly port: number; dropNextReply(): void; dropped(): number };

/** A link to Redis that breaks between a script's call and its reply, when told to. */
async function openReplyDropper(target: number): Promise<ReplyDropper> {
  const sockets = new Set<Socket>();
  let armed = false;
  let dropped = 0;
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    let isMute = false;
    const cut = (): void => void [client.destroy(), upstream.destroy()];
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', cut).on('close', cut);
    }
    client.on('data', (chunk) => {
      if (armed && chunk.toString('latin1').includes('evalsha')) {
        armed = false;
        isMute = true;
      }
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (!isMute) return void client.write(chunk);
      dropped += 1;
      cut();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port, // it listens on TCP
    dropNextReply: () => {
      armed = true;
    },
    dropped: () => dropped,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
