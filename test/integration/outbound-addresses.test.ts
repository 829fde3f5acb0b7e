import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BatonError } from '../../src/contracts/error.ts';
import { type AddressPolicy, toAddressPolicy, whyRefused } from '../../src/outbound/address-policy.ts';
import { readText } from '../../src/outbound/body.ts';
import type { Resolve } from '../../src/outbound/connector.ts';
import { type HttpClient, openHttp } from '../../src/outbound/http.ts';
import { type Canary, openCanary } from '../support/canary.ts';
import { insideNames, spellingsAt } from '../support/inside-addresses.ts';
import { openScriptedServer } from '../support/scripted-server.ts';

const limits = { firstByteMs: 5_000, idleMs: 5_000, totalMs: 10_000, maxBytes: 10_000 };

let canary: Canary;
beforeAll(async () => {
  canary = await openCanary();
});
afterAll(() => canary[Symbol.asyncDispose]());

const policies: readonly (readonly [string, AddressPolicy])[] = [
  ['the default of production', toAddressPolicy({ agentHosts: undefined, production: true })],
  ['public hosts', toAddressPolicy({ agentHosts: ['public'], production: false })],
  ['public hosts over plain http', toAddressPolicy({ agentHosts: ['http://public'], production: false })],
  ['public hosts in production', toAddressPolicy({ agentHosts: ['public'], production: true })],
];

const resolveInside: Resolve = async (host) => insideNames[host] ?? insideNames[host.toLowerCase()] ?? [];

async function failureOf(http: HttpClient, url: string): Promise<BatonError | null> {
  try {
    await readText((await http.request({ url, method: 'POST', body: 'a prompt', limits })).body);
    return null;
  } catch (thrown) {
    return BatonError.from(thrown);
  }
}

describe.each(policies)('under the policy of %s, an address inside', (_name, policy) => {
  test('is refused for a registration, or at the latest when it is called, and nothing is sent there', async () => {
    await using http = openHttp({ policy, resolve: resolveInside });
    const spellings = spellingsAt(canary.port);
    expect(spellings.length).toBeGreaterThanOrEqual(60);
    const before = canary.hits();
    for (const [what, url] of spellings) {
      const error = await failureOf(http, url);
      expect(error?.code, `${what}: ${url}`).toBe('address_refused');
      await expect(http.fetch(url, { method: 'POST', body: 'a prompt' }), what).rejects.toThrow();
      await expect(http.fetchWith({ limits })(url), what).rejects.toMatchObject({ code: 'address_refused' });
      if (!isName(url) || policy.entries.length === 0)
        expect(whyRefused(policy, url), `${what}: ${url}`).not.toBeNull();
    }
    expect(canary.hits()).toBe(before);
  });
});

/** Whether only a lookup can tell. */
function isName(url: string): boolean {
  return URL.canParse(url) && /[a-z]/i.test(new URL(url).hostname) && !new URL(url).hostname.startsWith('[');
}

test('without a policy the canary is reached by many of these spellings', async () => {
  await using http = openHttp({ policy: 'operator' });
  const before = canary.hits();
  for (const [, url] of spellingsAt(canary.port)) {
    if (URL.canParse(url) && /^(127\.0\.0\.1|localhost|\[::1\])$/.test(new URL(url).hostname))
      await failureOf(http, url);
  }
  expect(canary.hits() - before).toBeGreaterThan(20);
});

describe('an agent that is allowed', () => {
  // Another loopback address than the canary's stands for an agent: only Linux has it without being told.
  const agentHosts = ['127.0.0.2', 'agent.example.com'];
  const policy = toAddressPolicy({ agentHosts, production: false });

  test('cannot redirect a call inside: the redirect is refused, the prompt is not sent again', async () => {
    const spellings = spellingsAt(canary.port);
    await using agent = await openScriptedServer((response, { path }) => {
      const [, url = ''] = spellings[Number(path.slice(1))] ?? [];
      response.writeHead(307, { location: encodeURI(url.trim()).replaceAll('%25', '%') }).end();
    }, '127.0.0.2');
    await using http = openHttp({ policy, resolve: resolveInside });
    const before = canary.hits();
    for (const [at, [what]] of spellings.entries()) {
      expect((await failureOf(http, `${agent.url}/${at}`))?.code, what).toBe('agent_protocol');
      await expect(http.fetch(`${agent.url}/${at}`), what).rejects.toThrow();
      await expect(http.fetchWith({ limits })(`${agent.url}/${at}`), what).rejects.toMatchObject({
        code: 'agent_protocol',
      });
    }
    expect(agent.received.length).toBe(3 * spellings.length);
    expect(canary.hits()).toBe(before);
  });

  test('cannot move its name inside: every connection looks it up, checks it, and goes where was checked', async () => {
    const inside = [
      ...new Set([...Object.values(insideNames).flat(), '127.0.0.1', '::1', '0.0.0.0', '::', '169.254.169.254']),
    ];
    await using agent = await openScriptedServer(
      (response) => void response.setHeader('connection', 'close').end('fine'),
      '127.0.0.2',
    );
    const before = canary.hits();
    for (const address of inside) {
      const answers = [['127.0.0.2'], ['127.0.0.2', address], [address]];
      let lookups = 0;
      await using http = openHttp({ policy, resolve: async () => answers[lookups++] ?? [] });
      const own = agent.url.replace('127.0.0.2', 'agent.example.com');
      expect(await failureOf(http, own), address).toBeNull();
      for (const _ of [1, 2]) {
        const error = await failureOf(http, own.replace(/\d+$/, String(canary.port)));
        expect(error, address).toMatchObject({ code: 'address_refused' });
        expect(error?.message).toContain('agent.example.com');
        expect(error?.message.replace(/, as in BATON_AGENT_HOSTS=[^;]+/, '')).not.toContain(address);
        expect(String(error?.cause)).toContain(address);
      }
      expect(lookups).toBe(3);
    }
    expect(canary.hits()).toBe(before);
    expect(agent.received).toHaveLength(inside.length);
  });

  test('is reached over the addresses that were checked, without a second lookup', async () => {
    await using agent = await openScriptedServer((response) => void response.end('fine'), '127.0.0.2');
    const asked: string[] = [];
    const resolve: Resolve = async (host) => {
      asked.push(host);
      return ['127.0.0.2'];
    };
    await using http = openHttp({ policy, resolve });
    const response = await http.request({
      url: agent.url.replace('127.0.0.2', 'Agent.Example.com.'),
      method: 'GET',
      limits,
    });
    expect(await readText(response.body)).toBe('fine');
    expect(asked).toEqual(['agent.example.com.']);
  });

  test('whose name is not answered for in time is unreachable, and not refused', async () => {
    await using http = openHttp({ policy, connectTimeoutMs: 50, resolve: () => new Promise(() => undefined) });
    expect(await failureOf(http, 'https://agent.example.com/')).toMatchObject({
      code: 'agent_unreachable',
      message: 'The agent could not be reached: its host name could not be looked up.',
    });
  });

  test('whose name is not known is unreachable, as the machine says', async () => {
    const nowhere = toAddressPolicy({ agentHosts: ['*.invalid'], production: true });
    await using http = openHttp({ policy: nowhere });
    expect(await failureOf(http, 'https://agent.invalid/')).toMatchObject({ code: 'agent_unreachable' });
  });
});
