import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { openClient } from '../../src/client/client.ts';

const RUN = `r${'a'.repeat(22)}`;
const links = { self: `/v1/runs/${RUN}`, events: `/v1/runs/${RUN}/events`, cancel: `/v1/runs/${RUN}/cancel` };
const accepted = { run_id: RUN, status: 'queued', links };

type Seen = { method: string | undefined; url: string | undefined; key: unknown; body: string };

/** A server that answers in turn, the last answer for ever, and keeps what it was asked. */
async function serve(
  ...answers: readonly ((response: ServerResponse) => void)[]
): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, url, headers } = request;
    seen.push({ method, url, key: headers['idempotency-key'], body: await text(request) });
    answers[Math.min(seen.length, answers.length) - 1]?.(response);
  };
  const server = createServer((request, response) => void handle(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }; // listening on TCP
}

const json = (status: number, body: object) => (response: ServerResponse) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const problem = (status: number, code: string, errors: object[] = []) =>
  json(status, { type: 'about:blank', title: 'x', status, detail: 'said why', instance: '', code, errors });
const hangUp = (response: ServerResponse): void => void response.destroy();

test('a lost answer is asked for again with the same key, so that it stays one run', async () => {
  const { url, seen } = await serve(hangUp, problem(503, 'store_unavailable'), json(202, accepted));
  expect(await openClient({ url }).submit({ query: 'q' })).toEqual(accepted);
  expect(seen).toHaveLength(3);
  expect(new Set(seen.map(({ key }) => key)).size).toBe(1);
  expect(seen[0]).toMatchObject({
    method: 'POST',
    url: '/v1/runs',
    key: expect.stringMatching(/^[0-9a-f]{32}$/),
    body: '{"query":"q"}',
  });
});

test("the caller's own key is the one that is sent", async () => {
  const { url, seen } = await serve(json(202, accepted));
  await openClient({ url }).submit({ query: 'q' }, { idempotencyKey: 'mine' });
  expect(seen[0]?.key).toBe('mine');
});

test('a problem becomes a BatonError with its code and faults, and is not asked about twice', async () => {
  const fault = { path: 'plan.sub_tasks[0].depends_on', message: 'a cycle' };
  const { url, seen } = await serve(problem(422, 'invalid_plan', [fault]));
  const submitted = openClient({ url }).submit({ query: 'q' });
  await expect(submitted).rejects.toMatchObject({
    name: 'BatonError',
    code: 'invalid_plan',
    message: 'said why',
    faults: [fault],
  });
  expect(seen).toHaveLength(1);
});

test('an answer that is not from baton says where baton was expected', async () => {
  const { url } = await serve((response) => void response.writeHead(404).end('<h1>Not here</h1>'));
  await expect(openClient({ url }).run(RUN)).rejects.toThrow(`${url} answered with HTTP 404: expected baton there.`);
});

test('when nobody listens the error says so', async () => {
  const { url } = await serve(hangUp);
  await expect(openClient({ url }).run(RUN)).rejects.toThrow(`No baton answers at ${url}`);
});

test('a path before /v1 is kept, with and without its slash', async () => {
  const { url, seen } = await serve(json(202, accepted));
  await openClient({ url: `${url}/behind/proxy` }).submit({ query: 'q' });
  expect(await openClient({ url: `${url}/behind/proxy/` }).cancel(RUN)).toEqual(accepted);
  expect(seen.map((request) => request.url)).toEqual(['/behind/proxy/v1/runs', `/behind/proxy/v1/runs/${RUN}/cancel`]);
});

test("an aborted call ends with its signal's reason and is not repeated", async () => {
  const { url, seen } = await serve(() => undefined);
  const gone = new Error('gone');
  const controller = new AbortController();
  const asked = openClient({ url }).run(RUN, { signal: controller.signal });
  await expect.poll(() => seen.length).toBe(1);
  controller.abort(gone);
  await expect(asked).rejects.toBe(gone);
  expect(seen).toHaveLength(1);
});

test('runs come by pages', async () => {
  const page = { runs: [], next_cursor: '40' };
  const { url, seen } = await serve(json(200, page));
  expect(await openClient({ url }).runs({ limit: 20, cursor: '20' })).toEqual(page);
  await openClient({ url }).runs();
  expect(seen.map((request) => request.url)).toEqual(['/v1/runs?limit=20&cursor=20', '/v1/runs?']);
});

test('agents come with their health', async () => {
  const agent = {
    agent_id: 'poet',
    name: 'Poet',
    capabilities: ['text_generation'],
    static_response: 'Roses',
    healthy: true,
  };
  const { url } = await serve(json(200, { agents: [agent] }));
  expect(await openClient({ url }).agents()).toMatchObject([
    { agent_id: 'poet', streaming_mode: 'static', healthy: true },
  ]);
});
