import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as openRequest, type RequestOptions } from 'node:https';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { type ServeOptions, serveAgent } from '../../src/agents/serve.ts';
import type { ServeAuth } from '../../src/agents/serving/authorize.ts';
import { makeAuthority } from '../support/certificates.ts';
import { openScriptedServer } from '../support/scripted-server.ts';
import { about, alone, post, task } from '../support/served-agent.ts';

const agent = { ...about, invoke: () => 'come in' } as const;

describe('a served agent with a secret', () => {
  const token: ServeAuth = { bearer: 'correct horse' };
  const header: ServeAuth = { header: { name: 'X-Api-Key', secret: 'battery' } };
  const asked: ServeAuth = { bearer: async (given) => given === 'staple' };
  test.each<[string, ServeAuth, Record<string, string>, number]>([
    ['the right token', { bearer: 'correct' }, { authorization: 'Bearer correct' }, 200],
    ['the scheme in small letters', { bearer: 'correct' }, { authorization: 'bearer correct' }, 200],
    ['a wrong token', { bearer: 'correct' }, { authorization: 'Bearer correcT' }, 401],
    ['the beginning of the token', { bearer: 'correct' }, { authorization: 'Bearer correc' }, 401],
    ['another scheme', { bearer: 'correct' }, { authorization: 'Basic correct' }, 401],
    ['nothing', token, {}, 401],
    ['the right header', header, { 'x-api-key': 'battery' }, 200],
    ['a wrong header', header, { 'x-api-key': 'batter' }, 401],
    ['a token that the function knows', asked, { authorization: 'Bearer staple' }, 200],
    ['a token that it does not know', asked, { authorization: 'Bearer paper' }, 401],
    ['one of two secrets', { bearer: 'a', ...header }, { 'x-api-key': 'battery' }, 200],
    [
      'the secrets in each other’s place',
      { bearer: 'battery', header: { name: 'k', secret: 'a' } },
      { k: 'battery' },
      401,
    ],
  ])('is shown %s', async (_what, auth, headers, status) => {
    await using served = await serveAgent(agent, { ...alone, auth });
    for (const path of ['/invoke', '/stream']) {
      const answer = await post(`${served.url}${path}`, { headers });
      expect(answer.status).toBe(status);
      const refused = { type: 'application/problem+json', challenge: 'Bearer' };
      if (status === 401) {
        const { headers: got } = answer;
        expect({ type: got.get('content-type'), challenge: got.get('www-authenticate') }).toEqual(refused);
      }
    }
    expect((await fetch(`${served.url}/health`)).status).toBe(200);
  });

  test.each([{}, { bearer: '' }, { header: { name: 'k', secret: '' } }])('is not served with %j', async (auth) => {
    await expect(serveAgent(agent, { ...alone, auth })).rejects.toThrow('auth: expected a bearer token');
  });

  test('warns when baton is not told where the secret lies', async () => {
    await using registry = await openScriptedServer((response) => void response.writeHead(201).end());
    const warnings = async (definition: Parameters<typeof serveAgent>[0]) => {
      const logged: string[] = [];
      const log = (message: string) => void logged.push(message);
      await using _served = await serveAgent(definition, {
        ...alone,
        batonUrl: registry.url,
        auth: { bearer: 'x' },
        log,
      });
      return logged.filter((line) => line.includes('get 401'));
    };
    expect(await warnings(agent)).toHaveLength(1);
    expect(await warnings({ ...agent, auth: { kind: 'bearer', secret_ref: 'env:BATON_SECRET_PROBE' } })).toEqual([]);
  });
});

describe('a served agent over TLS', () => {
  const authority = makeAuthority('home');
  const own = authority.issue({ name: 'agent', hosts: ['127.0.0.1'] });
  const client = authority.issue({ name: 'worker' });
  const stranger = makeAuthority('elsewhere').issue({ name: 'worker' });
  const tls = { key: own.key, cert: own.cert };

  /** The answer to the usual task, to a caller that trusts the authority. */
  async function call(url: string, options: RequestOptions = {}): Promise<unknown> {
    const headers = { 'content-type': 'application/json' };
    const request = openRequest(`${url}/invoke`, {
      method: 'POST',
      headers,
      ca: authority.cert,
      agent: false,
      ...options,
    });
    request.end(task);
    const [response] = (await once(request, 'response')) as [IncomingMessage]; // the event's only argument
    return JSON.parse(await text(response));
  }
  const serve = (options: ServeOptions) => serveAgent(agent, { ...alone, ...options });

  test('is at an https address', async () => {
    await using served = await serve({ tls });
    expect(served.descriptor.endpoint).toBe(served.url);
    expect(served.url).toMatch(/^https:/);
    expect(await call(served.url)).toMatchObject({ response: 'come in' });
  });

  test('lets in only who shows a certificate of its authority, when it names one', async () => {
    await using served = await serve({ tls: { ...tls, ca: authority.cert } });
    expect(await call(served.url, client)).toMatchObject({ response: 'come in' });
    await expect(call(served.url)).rejects.toThrow();
    await expect(call(served.url, stranger)).rejects.toThrow();
  });

  test('lets everybody in when it was told not to ask', async () => {
    await using served = await serve({ tls: { ...tls, ca: authority.cert, requestCert: false } });
    expect(await call(served.url)).toMatchObject({ response: 'come in' });
  });

  test('is not served with a key that is none', async () => {
    await expect(serve({ tls: { ...tls, key: 'none' } })).rejects.toMatchObject({ code: 'config_invalid' });
  });
});
