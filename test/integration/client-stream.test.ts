import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openClient } from '../../src/client/client.ts';
import type { StreamEvent } from '../../src/contracts/event.ts';
import { plainOptions } from '../../src/contracts/run-options.ts';

const RUN = `r${'a'.repeat(22)}`;

/** A server on a free port that closes with the test. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // listening on TCP
}

function event(id: string, data: string, name: StreamEvent['name'] = 'task.token'): object {
  const head = { id, run_id: RUN, task_id: 't1', agent_id: 'poet', attempt: 1, event_type: 'token', name, data };
  const detail = name === 'run.completed' ? { partial: false, warnings: [], usage: null } : {};
  return { ...head, detail, timestamp: '2026-01-01T00:00:00.000Z' };
}

const texts = ['Größe ', '42', ' ', '\n\ndata: x', '🌹'];
/** Sequences grow past 9 within one millisecond: comparing ids as texts would lose 5-10. */
const script = [
  ...texts.map((text, index) => event(`5-${index + 7}`, text)),
  event('6-0', 'done', 'run.completed'),
] as StreamEvent[];
const frame = (item: object): string => `id: ${(item as StreamEvent).id}\ndata: ${JSON.stringify(item)}\n\n`;
const links = { self: '', events: '', cancel: '' };
const view = {
  ...{ run_id: RUN, status: 'completed', query: 'q', created_at: '2026-01-01T00:00:00.000Z', ended_at: null },
  ...{ partial: false, links, metadata: {}, plan: null, tasks: [], results: [], response: 'x', error: null },
  ...{ warnings: [], usage: null, model: null, options: plainOptions, mode: null, paused: false },
  ...{ interrupts: [], budget: null, fork: null, spawned: [] },
};
const RETRY = 'retry: 1\n\n';

/** What the API would send after an id. */
function replay(after: string | undefined): Buffer {
  const from = script.findIndex(({ id }) => id === after) + 1;
  return Buffer.from(RETRY + script.slice(from).map(frame).join(''));
}

const lastEventId = (request: IncomingMessage): string | undefined =>
  request.headers['last-event-id'] as string | undefined;

/** Sends all there is; the first connection breaks after `bytes`. */
function cutAfter(bytes: number) {
  let connections = 0;
  return (request: IncomingMessage, response: ServerResponse): void => {
    connections += 1;
    const body = replay(lastEventId(request));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (connections > 1) response.end(body);
    else response.write(body.subarray(0, bytes), () => response.destroy());
  };
}

async function collect(events: AsyncIterable<StreamEvent>): Promise<readonly StreamEvent[]> {
  const seen: StreamEvent[] = [];
  for await (const item of events) seen.push(item);
  return seen;
}

test('a stream cut at any byte gives each event once, in order, to the terminal one', async () => {
  const total = replay(undefined).length;
  for (let from = 1; from <= total; from += 50) {
    const offsets = Array.from({ length: Math.min(50, total - from + 1) }, (_, index) => from + index);
    await Promise.all(
      offsets.map(async (bytes) => {
        const client = openClient({ url: await serve(cutAfter(bytes)) });
        expect(await collect(client.stream(RUN)), `cut after ${bytes} bytes`).toEqual(script);
      }),
    );
  }
}, 20_000);

test('a server that repeats what was seen, as a careless proxy does, doubles nothing', async () => {
  let connections = 0;
  const url = await serve((_request, response) => {
    connections += 1;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(
      RETRY +
        script
          .slice(0, connections * 2)
          .map(frame)
          .join(''),
    );
  });
  expect(await collect(openClient({ url }).stream(RUN))).toEqual(script);
});

test('`after` begins behind that event', async () => {
  const url = await serve((request, response) => void response.end(replay(lastEventId(request))));
  expect(await collect(openClient({ url }).stream(RUN, { after: '5-9' }))).toEqual(script.slice(3));
});

test('nothing is read after the terminal event, although the server goes on', async () => {
  const url = await serve(
    (_request, response) => void response.write(RETRY + [...script, event('7-0', 'late')].map(frame).join('')),
  );
  expect(await collect(openClient({ url }).stream(RUN))).toEqual(script);
});

test('a connection that has gone silent is replaced', async () => {
  let connections = 0;
  const url = await serve((request, response) => {
    connections += 1;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (connections === 1) response.write(RETRY + frame(script[0] ?? {}));
    else response.end(replay(lastEventId(request)));
  });
  expect(await collect(openClient({ url, idleMs: 100 }).stream(RUN))).toEqual(script);
});

test('heartbeats keep a connection on which nothing happens', async () => {
  let connections = 0;
  const url = await serve((_request, response) => {
    connections += 1;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let beats = 0;
    const timer = setInterval(() => {
      beats += 1;
      response.write(': beat\n\n');
      if (beats === 8) response.end(replay(undefined));
    }, 50);
    response.once('close', () => clearInterval(timer));
  });
  expect(await collect(openClient({ url, idleMs: 250 }).stream(RUN))).toEqual(script);
  expect(connections).toBe(1);
});

test('eight connections in a row that bring nothing end the stream with an error', async () => {
  let connections = 0;
  const url = await serve((request, response) => {
    if (!request.url?.endsWith('/events')) return void response.end(JSON.stringify({ ...view, status: 'running' }));
    connections += 1;
    response.end(RETRY);
  });
  await expect(collect(openClient({ url }).stream(RUN))).rejects.toThrow('broke off 8 times in a row');
  expect(connections).toBe(8);
});

test('a stream of a run that does not exist throws run_not_found at once', async () => {
  let requests = 0;
  const url = await serve((_request, response) => {
    requests += 1;
    const problem = {
      type: 'about:blank',
      title: 'x',
      status: 404,
      detail: 'no such run',
      instance: '',
      code: 'run_not_found',
    };
    response
      .writeHead(404, { 'content-type': 'application/problem+json' })
      .end(JSON.stringify({ ...problem, errors: [] }));
  });
  await expect(collect(openClient({ url }).stream(RUN))).rejects.toMatchObject({
    code: 'run_not_found',
    message: 'no such run',
  });
  expect(requests).toBe(1);
});

test('a caller that resumes after the terminal event gets an empty stream that ends', async () => {
  const url = await serve((request, response) => {
    response.end(request.url?.endsWith('/events') ? replay(lastEventId(request)) : JSON.stringify(view));
  });
  expect(await collect(openClient({ url }).stream(RUN, { after: '6-0' }))).toEqual([]);
});

test('an event that a newer baton invented is passed over', async () => {
  const unknown = { ...event('5-8', ''), name: 'task.dreamt' };
  const url = await serve(
    (_request, response) => void response.end([script[0] ?? {}, unknown, ...script.slice(2)].map(frame).join('')),
  );
  expect(await collect(openClient({ url }).stream(RUN))).toEqual([script[0], ...script.slice(2)]);
});

test("leaving the loop closes the server's side", async () => {
  const closed = Promise.withResolvers<void>();
  const url = await serve((_request, response) => {
    response.once('close', closed.resolve);
    response.write(frame(script[0] ?? {}));
  });
  for await (const first of openClient({ url }).stream(RUN)) {
    expect(first.id).toBe('5-7');
    break;
  }
  await closed.promise;
});

test("an aborted signal ends the stream with the signal's reason, also between connections", async () => {
  const gone = new Error('gone');
  const url = await serve((_request, response) => void response.end('retry: 60000\n\n'));
  const controller = new AbortController();
  const reading = collect(openClient({ url }).stream(RUN, { signal: controller.signal }));
  controller.abort(gone);
  await expect(reading).rejects.toBe(gone);
});
