import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type EventSourceMessage, EventSourceParserStream } from 'eventsource-parser/stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Problem } from '../../src/contracts/error.ts';
import { StreamEvent } from '../../src/contracts/event.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { planOf } from '../support/plans.ts';
import { claim, playEnd, playPlan, playRun, playTask, playTokens } from '../support/played-run.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let door: TestApi;

beforeAll(async () => {
  redis = await startTestRedis();
  door = await openTestApi(redis.url);
});

afterAll(async () => {
  await door[Symbol.asyncDispose]();
  await redis.stop();
});

const plan = planOf({ a: {}, b: { after: ['a'] } });
const SSE = { accept: 'text/event-stream' };
const NDJSON = { accept: 'application/x-ndjson' };

type Headers = Record<string, string>;

function post(path: string, headers: Headers = {}, signal?: AbortSignal): Promise<Response> {
  const body = JSON.stringify({ query: 'hello' });
  const init = { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } };
  return fetch(`${door.url}${path}`, { ...init, ...(signal ? { signal } : {}) });
}

function eventsOf(run: string, headers: Headers = {}, query = ''): Promise<Response> {
  return fetch(`${door.url}/v1/runs/${run}/events${query}`, { headers });
}

async function submit(): Promise<string> {
  const { run_id } = (await (await post('/v1/runs')).json()) as { run_id: string };
  return run_id;
}

function runOf(response: Response): string {
  return response.headers.get('location')?.split('/').at(-1) ?? '';
}

async function* messagesOf(response: Response): AsyncGenerator<EventSourceMessage> {
  if (response.body === null) throw new Error('the answer has no body');
  const messages = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const message of messages) yield message;
}

/** Reads server-sent events: all, or as far as `until` is true of one, and then leaves. */
async function readSse(response: Response, until = (_event: StreamEvent) => false): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const message of messagesOf(response)) {
    const event = StreamEvent.parse(JSON.parse(message.data)) as StreamEvent; // the same, with detail typed by name
    expect([message.id, message.event]).toEqual([event.id, undefined]);
    events.push(event);
    if (until(event)) break;
  }
  return events;
}

async function readNdjson(response: Response): Promise<StreamEvent[]> {
  const lines = (await response.text()).split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line) => JSON.parse(line));
}

const namesOf = (events: readonly StreamEvent[]) => events.map(({ name }) => name);
const idsOf = (events: readonly StreamEvent[]) => events.map(({ id }) => id);

async function playedRun(): Promise<{ run: string; all: StreamEvent[] }> {
  const run = await submit();
  await playRun(door.store, run, plan);
  return { run, all: await readSse(await eventsOf(run)) };
}

async function problemOf(response: Response): Promise<Problem> {
  return Problem.parse(await response.json());
}

describe('POST /v1/runs as a stream', () => {
  test('gives every event from the first to the terminal one, live', async () => {
    const response = await post('/v1/runs', SSE);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    expect(response.headers.get('cache-control')).toBe('no-cache, no-transform');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    expect(response.headers.get('vary')).toContain('Accept');
    const reading = readSse(response);
    await playRun(door.store, runOf(response), plan);
    const events = await reading;
    expect(namesOf(events)).toEqual([
      ...['run.created', 'plan.ready', 'run.phase'],
      ...['task.started', 'task.token', 'task.token', 'task.completed'],
      ...['task.started', 'task.token', 'task.token', 'task.completed'],
      ...['run.phase', 'task.started', 'answer.token', 'answer.token', 'answer.message', 'run.completed'],
    ]);
    expect(idsOf(await readSse(await eventsOf(runOf(response))))).toEqual(idsOf(events));
  });

  test('gives the same as NDJSON', async () => {
    const response = await post('/v1/runs', NDJSON);
    expect(response.headers.get('content-type')).toMatch(/^application\/x-ndjson/);
    const reading = readNdjson(response);
    await playRun(door.store, runOf(response), plan);
    expect(await reading).toEqual(await readSse(await eventsOf(runOf(response))));
  });

  test('the run goes on when the client leaves, who finds the rest with Last-Event-ID', async () => {
    const client = new AbortController();
    const response = await post('/v1/runs', SSE, client.signal);
    const run = runOf(response);
    await playPlan(door.store, run, plan);
    const seen = await readSse(response, ({ name }) => name === 'plan.ready');
    client.abort();
    for (const task of plan.sub_tasks) await playTask(door.store, run, { task, tokens: ['x', 'y'] });
    await playEnd(door.store, run, ['done']);
    const rest = await readSse(await eventsOf(run, { 'last-event-id': seen.at(-1)?.id ?? '' }));
    const all = await readSse(await eventsOf(run));
    expect(idsOf([...seen, ...rest])).toEqual(idsOf(all));
    expect(namesOf(all)).not.toContain('run.cancelled');
  });

  test('sent again with its Idempotency-Key it goes on after Last-Event-ID', async () => {
    const key = { ...SSE, 'idempotency-key': 'stream-1' };
    const response = await post('/v1/runs', key);
    const run = runOf(response);
    const seen = await readSse(response, ({ name }) => name === 'run.created');
    await playRun(door.store, run, plan);
    const again = await post('/v1/runs', { ...key, 'last-event-id': seen[0]?.id ?? '' });
    expect(runOf(again)).toBe(run);
    expect(idsOf([...seen, ...(await readSse(again))])).toEqual(idsOf(await readSse(await eventsOf(run))));
  });
});

describe('GET /v1/runs/:id/events', () => {
  test('replays a run that has ended, from every place in it', async () => {
    const { run, all } = await playedRun();
    for (const [index, { id }] of all.entries()) {
      const rest = idsOf(all.slice(index + 1));
      expect(idsOf(await readSse(await eventsOf(run, { 'last-event-id': id })))).toEqual(rest);
      expect(idsOf(await readNdjson(await eventsOf(run, NDJSON, `?after=${id}`)))).toEqual(rest);
    }
  });

  test('resumes after Last-Event-ID rather than the ?after= of the first address', async () => {
    const { run, all } = await playedRun();
    const events = await readSse(await eventsOf(run, { 'last-event-id': all[5]?.id ?? '' }, `?after=${all[1]?.id}`));
    expect(events[0]?.id).toBe(all[6]?.id);
  });

  test('begins with a jittered retry, and without an Accept header it is SSE', async () => {
    const { run } = await playedRun();
    const first = async (): Promise<string> => (await (await eventsOf(run)).text()).split('\n')[0] ?? '';
    const retries = new Set(await Promise.all(Array.from({ length: 5 }, first)));
    expect(retries.size).toBeGreaterThan(1);
    for (const retry of retries) expect(retry).toMatch(/^retry: [12]\d{3}$|^retry: 3000$/);
  });

  test('a token cannot forge an event, whatever it holds', async () => {
    const run = await submit();
    await playPlan(door.store, run, plan);
    const epoch = await claim(door.store, run, 'a');
    const evil = [
      '\n\ndata: {"name":"run.completed"}\n\n',
      '\r\rid: 9-9\r',
      '\u2028\u2029\u0085\u0000',
      'event: x\n',
      '😀',
    ];
    await playTokens(door.store, { run, task: 'a', epoch, tokens: evil });
    await playEnd(door.store, run, ['ok']);
    const events = await readSse(await eventsOf(run));
    expect(events.filter(({ name }) => name === 'task.token').map(({ data }) => data)).toEqual(evil);
    expect(await readNdjson(await eventsOf(run, NDJSON))).toEqual(events);
  });

  test.each(['$', 'x', '1', '1-x', '-', '0-0-0', '99999999999999999999-0'])('%s is no event id', async (id) => {
    const { run } = await playedRun();
    const byHeader = await eventsOf(run, { 'last-event-id': id });
    expect([byHeader.status, (await problemOf(byHeader)).code]).toEqual([400, 'invalid_cursor']);
    expect((await eventsOf(run, {}, `?after=${encodeURIComponent(id)}`)).status).toBe(400);
  });

  test('an event id that the run has not reached is refused', async () => {
    const { run, all } = await playedRun();
    const [time] = (all.at(-1)?.id ?? '').split('-');
    const response = await eventsOf(run, { 'last-event-id': `${Number(time) + 1}-0` });
    expect([response.status, (await problemOf(response)).code]).toEqual([400, 'invalid_cursor']);
  });

  test('where events were trimmed there is a stream.gap', async () => {
    const { run, all } = await playedRun();
    await door.store.redis.xtrim(door.store.keys.run(run).events, 'MAXLEN', 3);
    const events = await readSse(await eventsOf(run, { 'last-event-id': all[0]?.id ?? '' }));
    expect(namesOf(events)).toEqual(['stream.gap', ...namesOf(all.slice(-3))]);
  });

  test('there is none of a run that is not there, and no other form', async () => {
    const missing = await eventsOf(`r${'2'.repeat(22)}`, SSE);
    expect([missing.status, (await problemOf(missing)).code]).toEqual([404, 'run_not_found']);
    const { run } = await playedRun();
    expect((await eventsOf(run, { accept: 'application/json' })).status).toBe(406);
  });

  test('HEAD answers without waiting for events', async () => {
    const response = await fetch(`${door.url}/v1/runs/${await submit()}/events`, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });
});

/** Bytes in use by this process's JavaScript, after a collection. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('a client that does not read', () => {
  /** A reader that asks for a run's events and then takes nothing. */
  async function openStuck(run: string): Promise<Socket> {
    const socket = connect(door.server.port, '127.0.0.1');
    socket.write(`GET /v1/runs/${run}/events HTTP/1.1\r\nHost: baton\r\n\r\n`);
    await once(socket, 'readable');
    return socket;
  }

  async function countTokens(response: Response): Promise<number> {
    let count = 0;
    for await (const { data } of messagesOf(response)) count += data.includes('"name":"task.token"') ? 1 : 0;
    return count;
  }

  test('holds up nobody, and no more than its bound; the run ends for the others', async () => {
    const run = await submit();
    await playPlan(door.store, run, plan);
    const stuck = await Promise.all(Array.from({ length: 20 }, () => openStuck(run)));
    const reading = countTokens(await eventsOf(run));
    const epoch = await claim(door.store, run, 'a');
    const tokens = Array.from({ length: 50 }, () => 'x'.repeat(4_000));
    const before = heldBytes();
    for (let batch = 0; batch < 40; batch += 1) {
      await playTokens(door.store, { run, task: 'a', epoch, tokens, first: 1 + batch * tokens.length });
    }
    await playEnd(door.store, run, ['ok']);
    expect(await reading).toBe(2_000);
    // 8 MB for each of 20 readers would be 160 MB; they may hold 1 MiB of events together and some kB each.
    expect((heldBytes() - before) / 1e6).toBeLessThan(50);
    for (const socket of stuck) socket.destroy();
  });
});
