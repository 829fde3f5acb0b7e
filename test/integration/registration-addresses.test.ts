// Registration over the API with every spelling of an address inside: refused at the door, or, for a name, when it is looked up. What is
// inside hears of nothing, whatever is registered and whoever is asked for a card or for its health.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import { Problem } from '../../src/contracts/error.ts';
import { toAddressPolicy, whyRefused } from '../../src/outbound/address-policy.ts';
import { openHttp } from '../../src/outbound/http.ts';
import { agentOfCard } from '../../src/registry/card-registration.ts';
import { openPlainProbe } from '../../src/registry/probe.ts';
import { openTestApi } from '../support/api.ts';
import { type Canary, openCanary } from '../support/canary.ts';
import { insideNames, spellingsAt } from '../support/inside-addresses.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let canary: Canary;

beforeAll(async () => {
  [redis, canary] = await Promise.all([startTestRedis(), openCanary()]);
});
afterAll(async () => {
  await redis.stop();
  await canary[Symbol.asyncDispose]();
});

const about = { agent_id: 'inside', name: 'Inside', capabilities: ['custom'] };
const a2a = (card_url: string) => ({ endpoint: 'https://agents.example.com', transport: 'a2a', a2a: { card_url } });

const isName = (url: string): boolean => /^[^[].*[a-z]/i.test(new URL(url).hostname);

describe.each([
  ['the default of production', toAddressPolicy({ agentHosts: undefined, production: true })],
  ['public hosts over plain http', toAddressPolicy({ agentHosts: ['http://public'], production: true })],
])('under the policy of %s', (_, policy) => {
  test('no spelling of an address inside gets anybody called there', async () => {
    await using http = openHttp({ policy, resolve: async (host) => insideNames[host.toLowerCase()] ?? [] });
    await using door = await openTestApi(redis.url, {
      whyRefused: (url) => whyRefused(policy, url),
      agentOfCard: (url, own) => agentOfCard(http, url, own),
    });
    const send = async (method: string, path: string, body: object) => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${door.url}${path}`, { method, headers, body: JSON.stringify(body) });
      return { status: response.status, body: await response.json() };
    };
    const probe = openPlainProbe(http);
    const before = canary.hits();
    const spellings = spellingsAt(canary.port);
    expect(spellings.length).toBeGreaterThanOrEqual(60);
    for (const [what, url] of spellings) {
      const card = await send('POST', '/v1/agents', { card_url: url });
      expect([card.status, Problem.parse(card.body).errors[0]?.path], `${what}: ${url}`).toEqual([422, 'card_url']);
      for (const fields of [{ endpoint: url }, a2a(url)]) {
        const { status, body } = await send('PUT', '/v1/agents/inside', { ...about, ...fields });
        // What a name means is known when it is called: here by a probe.
        const isTaken = status < 300 && isName(url) && policy.entries.length > 0;
        if (isTaken) expect(await probe(AgentDescriptor.parse(body)), `${what}: ${url}`).toBe(false);
        else expect([status, Problem.parse(body).status], `${what}: ${url}`).toEqual([422, 422]);
      }
    }
    expect(canary.hits()).toBe(before);
  });
});
