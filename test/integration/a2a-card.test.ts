// Cards: of agents that are registered by them, and baton's own.
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { AgentCard } from '@a2a-js/sdk';
import { DefaultAgentCardResolver } from '@a2a-js/sdk/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openA2aAgent } from '../support/a2a-agent.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let api: TestApi;

beforeAll(async () => {
  redis = await startTestRedis();
  api = await openTestApi(redis.url, { card: { url: 'https://baton.example', version: '9.9.9' } });
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await redis.stop();
});

async function register(body: object) {
  const response = await fetch(`${api.url}/v1/agents`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** A server that answers every request with this. */
async function openPage(status: number, body: string) {
  const server = createServer((_request, response) => response.writeHead(status).end(body));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

describe('an agent that is registered by its card', () => {
  test.each([
    ['JSONRPC', '1.0'],
    ['HTTP+JSON', '1.0'],
    ['JSONRPC', '0.3'],
  ] as const)('is known by what the card says (%s %s)', async (binding, version) => {
    await using agent = await openA2aAgent({ behave: () => undefined, binding, version });
    const agent_id = `desk-${binding === 'JSONRPC' ? 'rpc' : 'rest'}-${version}`;
    const { status, body } = await register({ card_url: agent.url, agent_id, priority: 4 });
    expect(body).toMatchObject({
      ...{ agent_id, name: 'Travel desk', transport: 'a2a', endpoint: agent.agent.endpoint, priority: 4 },
      ...{ capabilities: ['summarization'], skills: ['Trip summaries', 'travel'], streaming_mode: 'dynamic_events' },
      a2a: { card_url: agent.cardUrl, binding, version },
    });
    expect(status).toBe(201);
    expect((await api.registry.list()).map((each) => each.agent.agent_id)).toContain(agent_id);
  });

  test('is not known when its card has faults, and the answer names them', async () => {
    await using agent = await openA2aAgent({
      behave: () => undefined,
      card: { supportedInterfaces: [] },
    });
    const { status, body } = await register({ card_url: agent.url });
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'invalid_request', errors: [{ path: 'card.supportedInterfaces' }] });
  });

  test.each([
    ['is not there', 404, 'gone', 'answered 404'],
    ['is no JSON', 200, '<p>hello', 'no JSON'],
    ['is too large', 200, `"${'x'.repeat(1_100_000)}"`, '1000000 bytes'],
    ['leads elsewhere', 302, '', 'redirects are not followed'],
  ])('is not known when its card %s', async (_what, status, body, words) => {
    await using page = await openPage(status, body);
    const answer = await register({ card_url: `${page.url}/card.json` });
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_request', errors: [{ path: 'card_url' }] } });
    expect(JSON.stringify(answer.body.errors)).toContain(words);
  });

  test('is not known when nobody answers there, or when baton may not go there', async () => {
    for (const card_url of ['http://127.0.0.1:1/card.json', 'http://169.254.169.254/card.json', 'file:///etc/passwd']) {
      expect(await register({ card_url })).toMatchObject({ status: 422, body: { errors: [{ path: 'card_url' }] } });
    }
  });
});

describe("baton's own card", () => {
  test("is one by the SDK's reading: every field that A2A 1.0 requires, one skill per capability and one for the whole", async () => {
    const card = await new DefaultAgentCardResolver().resolve(api.url);
    expect(AgentCard.toJSON(AgentCard.fromJSON(card))).toMatchObject({
      ...{ name: 'baton', version: '9.9.9', defaultInputModes: ['text/plain', 'application/json'] },
      provider: { url: 'https://baton.example' },
    });
    expect(card.skills.map(({ id }) => id)).toEqual([
      ...['orchestrate', 'text_generation', 'code_generation', 'data_analysis', 'summarization', 'translation'],
      ...['search', 'custom'],
    ]);
    for (const { id, name, description, tags } of card.skills)
      expect([id, name, description, ...tags]).not.toContain('');
    expect(card.supportedInterfaces, 'baton takes no A2A calls').toEqual([]);
    expect(card.capabilities?.streaming).toBe(false);
  });

  test('may be kept, and is not sent again to whoever has it', async () => {
    // Not fetch, which asks for a fresh copy whenever a request has a condition of its own.
    const ask = async (headers: Record<string, string>): Promise<IncomingMessage> => {
      const [response] = await once(get(`${api.url}/.well-known/agent-card.json`, { headers }), 'response');
      response.resume();
      return response;
    };
    const { headers } = await ask({});
    expect(headers['cache-control']).toBe('public, max-age=3600');
    expect((await ask({ 'if-none-match': headers.etag ?? expect.fail('expected an ETag') })).statusCode).toBe(304);
  });
});
