import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { openClient } from '../../src/client/client.ts';
import { plainOptions } from '../../src/contracts/run-options.ts';

const RUN = `r${'a'.repeat(22)}`;
const links = { self: `/v1/runs/${RUN}`, events: `/v1/runs/${RUN}/events`, cancel: `/v1/runs/${RUN}/cancel` };
const accepted = { run_id: RUN, status: 'queued', links };

type Seen = { method: string | undefined; url: string | undefined; key: unknown; match: unknown; body: string };

/** A server that answers in turn, the last answer for ever, and keeps what it was asked. */
async function serve(
  ...answers: readonly ((response: ServerResponse) => void)[]
): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, url, headers } = request;
    seen.push({ method, url, key: headers['idempotency-key'], match: headers['if-match'], body: await text(request) });
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

test('a run of an older baton is read, with nothing in the place of what it does not tell', async () => {
  const view = {
    ...{ run_id: RUN, status: 'completed', query: 'q', created_at: '2026-01-01T00:00:00.000Z', ended_at: null },
    ...{ partial: false, links, metadata: {}, plan: null, tasks: [], results: [], response: 'x', error: null },
    ...{ warnings: [], usage: null, model: null, options: {}, mode: null, paused: false },
    ...{ interrupts: [], budget: null, fork: null, spawned: [] },
  };
  const { url } = await serve(json(200, view));
  expect(await openClient({ url }).run(RUN)).toEqual({
    ...view,
    ...{ options: plainOptions, plan_revision: 0, model_calls: 0, session: null, plan_ref: null },
    ...{ strategy: null, task_log: [], merge: null },
  });
});

test('a lost answer to an increment is asked for again under the same key, so that it counts once', async () => {
  const { url, seen } = await serve(hangUp, json(200, { version: 4 }));
  const changes = [{ op: 'increment' as const, name: 'hits', by: 1 }];
  expect(await openClient({ url }).patchState(RUN, changes, { version: 3 })).toBe(4);
  expect(seen.map(({ key }) => key)).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), seen[0]?.key]);
  expect(seen[1]).toMatchObject({ method: 'PATCH', url: `/v1/runs/${RUN}/state`, match: '"v3"' });
  expect(JSON.parse(seen[1]?.body ?? '')).toEqual({ changes });
});

test('an answer that is long in coming is waited for under one message id', async () => {
  const sent = { message_id: 'q', position: '1-0', correlation_id: 'q', hop: 1, answer_by: null };
  const said = { from: 'b', to: 'a', type: 'response', content: '1969', in_reply_to: 'q' };
  const answer = { ...sent, ...said, timestamp: '2026-01-01T00:00:00.000Z' };
  const { url, seen } = await serve(json(202, sent), hangUp, json(200, answer));
  expect(await openClient({ url }).askAgent(RUN, { from: 'a', to: 'b', content: 'Which year?' })).toEqual(answer);
  expect(seen.map(({ body }) => JSON.parse(body))).toEqual([
    ...[1, 2, 3].map(() => ({
      message_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      ...{ from: 'a', to: 'b', content: 'Which year?', timeout_ms: 30_000 },
    })),
  ]);
  expect(new Set(seen.map(({ body }) => JSON.parse(body).message_id)).size).toBe(1);
});

test.each(['../../agents', 'a/../../b', '/etc/passwd', 'a\\b', ''])(
  'no file is asked for by the name %j',
  async (name) => {
    const { url, seen } = await serve(json(200, {}));
    await expect(openClient({ url }).artifact(RUN, name)).rejects.toMatchObject({ code: 'artifact_not_found' });
    expect(seen).toEqual([]);
  },
);
