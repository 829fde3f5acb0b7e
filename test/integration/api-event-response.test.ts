import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import express from 'express';
import { afterEach, expect, test } from 'vitest';
import { ndjsonFormat, sseFormat } from '../../src/api/event-format.ts';
import { type EventAnswer, sendEvents } from '../../src/api/event-response.ts';
import { BatonError } from '../../src/contracts/error.ts';
import type { StreamEvent } from '../../src/contracts/event.ts';

let server: Server | undefined;

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
});

type Served = {
  readonly port: number;
  readonly url: string;
  readonly warnings: string[];
  readonly answered: Promise<void>;
};

/** Serves one stream at every address. `answered` resolves when the first answer is over. */
async function serve(answer: Partial<EventAnswer> & Pick<EventAnswer, 'events'>): Promise<Served> {
  const warnings: string[] = [];
  const log = {
    info: () => undefined,
    warn: (_fields: object, text: string) => void warnings.push(text),
    error: () => undefined,
  };
  const over = Promise.withResolvers<void>();
  const draining = new AbortController().signal;
  const app = express().get('/', async (_request, response) => {
    await sendEvents(response, { format: sseFormat, draining, log, ...answer });
    over.resolve();
  });
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}/`, warnings, answered: over.promise };
}

function eventOf(index: number, data = 'text'): StreamEvent {
  return {
    id: `${index}-0`,
    run_id: 'r1',
    task_id: 'a',
    agent_id: 'agent-1',
    attempt: 1,
    event_type: 'token',
    name: 'task.token',
    data,
    detail: {},
    timestamp: '2026-01-01T00:00:00.000Z',
  };
}

/** Events, and then nothing until the signal. */
async function* stay(signal: AbortSignal, ...events: StreamEvent[]): AsyncGenerator<StreamEvent> {
  yield* events;
  if (!signal.aborted) await once(signal, 'abort');
}

test('an idle stream has heartbeats, as comments', async () => {
  const { url } = await serve({ events: (signal) => stay(signal, eventOf(1)), heartbeatMs: 10 });
  const reader = (await fetch(url)).body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (text.split(': heartbeat\n\n').length < 3) text += (await reader?.read())?.value ?? '';
  expect(text.replaceAll(': heartbeat\n\n', '')).toMatch(/^retry: \d+\n\nid: 1-0\ndata: \{.*\}\n\n$/);
  await reader?.cancel();
});

test('NDJSON has only lines that are events, also when the process stops', async () => {
  const draining = new AbortController();
  const { url } = await serve({
    async *events(signal) {
      yield* [eventOf(1), eventOf(2)];
      draining.abort();
      yield* stay(signal);
    },
    ...{ format: ndjsonFormat, draining: draining.signal },
  });
  const lines = (await (await fetch(url)).text()).split('\n');
  expect(lines.pop()).toBe('');
  expect(lines.map((line) => JSON.parse(line).id)).toEqual(['1-0', '2-0']);
});

test('a failure on the way cuts the connection and is logged once', async () => {
  const { url, warnings } = await serve({
    async *events() {
      yield eventOf(1);
      throw new Error('Redis is away');
    },
  });
  const response = await fetch(url);
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow();
  expect(warnings).toEqual(['a stream broke off']);
});

test('when the process stops, a stream ends in order with a comment', async () => {
  const draining = new AbortController();
  const { url, warnings } = await serve({ events: (signal) => stay(signal, eventOf(1)), draining: draining.signal });
  const response = await fetch(url);
  draining.abort();
  expect(await response.text()).toMatch(/\n\n: this process is shutting down, resume with Last-Event-ID\n\n$/);
  expect(warnings).toEqual([]);
});

test('so it does when the reader behind it is closed first', async () => {
  const { url, warnings } = await serve({
    async *events() {
      yield eventOf(1);
      throw new BatonError('draining');
    },
  });
  expect(await (await fetch(url)).text()).toContain(': this process is shutting down');
  expect(warnings).toEqual([]);
});

test('when the client leaves, the source is told and let go', async () => {
  let returned = false;
  const { url, answered, warnings } = await serve({
    async *events(signal) {
      try {
        yield* stay(signal, eventOf(1));
      } finally {
        returned = true;
      }
    },
  });
  const client = new AbortController();
  const response = await fetch(url, { signal: client.signal });
  await response.body?.getReader().read();
  client.abort();
  await answered;
  expect([returned, warnings]).toEqual([true, []]);
});

test('a client that takes nothing stops the source, and is cut off after a while', async () => {
  let taken = 0;
  const { port, answered, warnings } = await serve({
    async *events() {
      for (; taken < 10_000; taken += 1) yield eventOf(taken, 'x'.repeat(10_000));
    },
    stalledMs: 100,
  });
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined); // the cut
  socket.write('GET / HTTP/1.1\r\nHost: baton\r\n\r\n');
  await answered;
  expect(taken).toBeLessThan(2_000); // 100 MB were there to take
  expect(warnings).toEqual(['a stream broke off']);
  socket.destroy();
});

test('nothing follows the terminal event, and the source is let go', async () => {
  const terminal = {
    ...eventOf(2),
    event_type: 'done',
    name: 'run.completed',
    detail: { partial: false, warnings: [], usage: null },
  };
  const { url } = await serve({
    async *events() {
      yield eventOf(1);
      yield terminal as StreamEvent; // spread loses the tie of name and detail
      yield eventOf(3);
    },
  });
  const text = await (await fetch(url)).text();
  expect(text.match(/^id: .*$/gm)).toEqual(['id: 1-0', 'id: 2-0']);
});
