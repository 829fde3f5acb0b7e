import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Agent } from 'undici';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AgentAccess, AgentTls } from '../../src/contracts/agent-access.ts';
import { BatonError } from '../../src/contracts/error.ts';
import { toAddressPolicy } from '../../src/outbound/address-policy.ts';
import { readText } from '../../src/outbound/body.ts';
import { openDispatchers } from '../../src/outbound/dispatchers.ts';
import { type HttpClient, openHttp } from '../../src/outbound/http.ts';
import { makeAuthority } from '../support/certificates.ts';
import { localPolicy, openLocalHttp } from '../support/http.ts';
import { openScriptedServer } from '../support/scripted-server.ts';
import { openTlsServer, type TlsServer } from '../support/tls-server.ts';

const limits = { firstByteMs: 5_000, idleMs: 5_000, totalMs: 10_000, maxBytes: 10_000 };
const hosts = ['localhost', '127.0.0.1'];

const authority = makeAuthority('the authority');
const stranger = makeAuthority('a stranger');
const served = authority.issue({ name: 'the agent', hosts });
const client = authority.issue({ name: 'baton' });
const otherClient = stranger.issue({ name: 'baton' });

let folder: string;
let mutual: TlsServer;
let plain: TlsServer;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'baton-tls-'));
  const files = {
    'ca.pem': authority.cert,
    'other-ca.pem': stranger.cert,
    'client.pem': client.cert,
    'client.key': client.key,
    'other-client.pem': otherClient.cert,
    'other-client.key': otherClient.key,
    'garbage.pem': 'canary-4711 is no certificate\n',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  mutual = await openTlsServer({ ...served, ca: authority.cert, requestCert: true, rejectUnauthorized: true });
  plain = await openTlsServer(served);
});
afterAll(async () => {
  await mutual[Symbol.asyncDispose]();
  await plain[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const open = (): HttpClient => openLocalHttp({ secrets: { secretVariables: {}, secretsDir: folder } });
const accessOf = (tls: AgentTls): AgentAccess => ({ auth: null, tls });
const ca_ref = 'file:ca.pem';
const ownClient = { cert_ref: 'file:client.pem', key_ref: 'file:client.key' };

async function call(http: HttpClient, url: string, tls: AgentTls): Promise<string> {
  try {
    return await readText((await http.request({ url, method: 'GET', access: accessOf(tls), limits })).body);
  } catch (thrown) {
    const { code, message } = BatonError.from(thrown);
    return `${code}: ${message}`;
  }
}

describe('mutual TLS', () => {
  test('shows the client certificate to an agent whose authority is the given one', async () => {
    await using http = open();
    for (const host of hosts) {
      expect(await call(http, `https://${host}:${mutual.port}`, { ca_ref, ...ownClient })).toBe('fine');
      expect(mutual.seen.at(-1)?.client).toBe('baton');
    }
  });

  test('works the same over a fetch for packages', async () => {
    await using http = open();
    const fetch = http.fetchWith({ access: accessOf({ ca_ref, ...ownClient }), limits });
    expect(await (await fetch(`https://localhost:${mutual.port}`)).text()).toBe('fine');
  });

  test.each([
    ['no client certificate', { ca_ref }],
    [
      'a client certificate of a stranger',
      { ca_ref, cert_ref: 'file:other-client.pem', key_ref: 'file:other-client.key' },
    ],
  ])('with %s the agent is unreachable and hears nothing', async (_what, tls) => {
    await using http = open();
    const before = mutual.seen.length;
    expect(await call(http, `https://localhost:${mutual.port}`, tls)).toBe(
      'agent_unreachable: The agent could not be reached: the connection was closed before an answer.',
    );
    expect(mutual.seen).toHaveLength(before);
  });

  test('an agent that says what it misses in the handshake is quoted', async () => {
    const asking = { ca: authority.cert, requestCert: true, maxVersion: 'TLSv1.2' } as const;
    await using server = await openTlsServer({ ...served, ...asking });
    await using http = open();
    expect(await call(http, `https://localhost:${server.port}`, { ca_ref })).toContain(
      'asks for another client certificate',
    );
  });

  test.each([
    ['the system does not know its authority', {}, 'its certificate is not trusted'],
    ['its authority is not the given one', { ca_ref: 'file:other-ca.pem' }, 'its certificate is not trusted'],
    [
      'its public key is not the pinned one',
      { ca_ref, pinned_spki: client.spki },
      'its public key is not the pinned one',
    ],
  ])('when %s, the agent is unreachable and hears nothing', async (_what, tls, why) => {
    await using http = open();
    const before = plain.seen.length;
    expect(await call(http, `https://localhost:${plain.port}`, tls)).toBe(
      `agent_unreachable: The agent could not be reached: ${why}.`,
    );
    expect(plain.seen).toHaveLength(before);
  });

  test('a pin does not replace the authority', async () => {
    await using http = open();
    const pinned_spki = served.spki;
    expect(await call(http, `https://localhost:${plain.port}`, { pinned_spki })).toContain('not trusted');
    expect(await call(http, `https://localhost:${plain.port}`, { ca_ref, pinned_spki })).toBe('fine');
  });

  test.each([
    ['has expired', { name: 'old', hosts, notAfter: new Date(Date.now() - 1_000) }, 'its certificate has expired'],
    ['is for another name', { name: 'other', hosts: ['agents.example.com'] }, 'its certificate is for another name'],
  ])('an agent whose certificate %s is unreachable and hears nothing', async (_what, subject, why) => {
    await using server = await openTlsServer(authority.issue(subject));
    await using http = open();
    for (const host of hosts) {
      expect(await call(http, `https://${host}:${server.port}`, { ca_ref })).toContain(`could not be reached: ${why}.`);
    }
    expect(server.seen).toEqual([]);
  });

  test('an agent that shows another key from now on is refused at its next connection', async () => {
    await using server = await openTlsServer({ ...served, keepAliveTimeout: 1 });
    await using http = open();
    const tls = { ca_ref, pinned_spki: served.spki };
    expect(await call(http, `https://localhost:${server.port}`, tls)).toBe('fine');
    server.rotate(authority.issue({ name: 'the agent', hosts }));
    await vi.waitFor(() => expect(server.open()).toBe(0), { timeout: 10_000 });
    expect(await call(http, `https://localhost:${server.port}`, tls)).toContain('not the pinned one');
  });

  test('an agent that speaks no TLS is unreachable', async () => {
    await using server = await openScriptedServer((response) => void response.end('plain'));
    await using http = open();
    expect(await call(http, server.url.replace('http:', 'https:'), { ca_ref })).toContain('it does not speak TLS');
  });

  test('is never left out: an agent with TLS settings is not called over http', async () => {
    await using server = await openScriptedServer((response) => void response.end('plain'));
    await using http = open();
    expect(await call(http, server.url, { ca_ref })).toMatch(/^address_refused: .*expected https/);
    expect(server.received).toEqual([]);
  });

  test.each([
    [{ ca_ref: 'file:garbage.pem' }, 'file:garbage.pem cannot be used: expected a certificate in PEM'],
    [
      { cert_ref: 'file:garbage.pem', key_ref: 'file:client.key' },
      'file:garbage.pem cannot be used: expected a certificate',
    ],
    [
      { cert_ref: 'file:client.pem', key_ref: 'file:garbage.pem' },
      'file:garbage.pem cannot be used: expected a private key',
    ],
    [{ cert_ref: 'file:client.pem', key_ref: 'file:other-client.key' }, 'expected the key of its certificate'],
    [{ ca_ref: 'file:nowhere.pem' }, 'file:nowhere.pem cannot be used: there is no such file'],
  ])('a faulty secret is named by its reference only: %j', async (tls, text) => {
    await using http = open();
    const said = await call(http, `https://localhost:${mutual.port}`, tls);
    expect(said).toMatch(/^secret_unavailable: /);
    expect(said).toContain(text);
    expect(said).not.toMatch(new RegExp(`canary-4711|${folder}`));
  });

  test('a rotated certificate is shown from the next call on, without a restart', async () => {
    const [cert_ref, key_ref] = ['file:rotated.pem', 'file:rotated.key'];
    await using http = open();
    for (const name of ['first', 'second']) {
      const { cert, key } = authority.issue({ name });
      await writeFile(path.join(folder, 'rotated.pem'), cert);
      await writeFile(path.join(folder, 'rotated.key'), key);
      expect(await call(http, `https://localhost:${mutual.port}`, { ca_ref, cert_ref, key_ref })).toBe('fine');
      expect(mutual.seen.at(-1)?.client).toBe(name);
    }
  });

  test('calls go on with the certificate they began with while others come and go', async () => {
    await using http = openHttp({ policy: localPolicy, secrets: { secretVariables: {}, secretsDir: folder } });
    await Promise.all(
      Array.from({ length: 100 }, async (_, at) => {
        const pinned_spki = at % 2 === 0 ? served.spki : client.spki;
        const said = await call(http, `https://localhost:${mutual.port}`, { ca_ref, ...ownClient, pinned_spki });
        expect(said).toMatch(at % 2 === 0 ? /^fine$/ : /not the pinned one/);
      }),
    );
  });

  test('under a policy for names, the name is checked against the certificate and not the address', async () => {
    const policy = toAddressPolicy({ agentHosts: ['agents.example.com', '127.0.0.1'], production: false });
    const secrets = { secretVariables: {}, secretsDir: folder };
    await using http = openHttp({ policy, secrets, resolve: async () => ['127.0.0.1'] });
    expect(await call(http, `https://agents.example.com:${plain.port}`, { ca_ref })).toContain('for another name');
    await using server = await openTlsServer(authority.issue({ name: 'named', hosts: ['agents.example.com'] }));
    expect(await call(http, `https://agents.example.com:${server.port}`, { ca_ref })).toBe('fine');
  });
});

test('a client that has shown many identities keeps connections for the latest 64 only', async () => {
  await using server = await openTlsServer({ ...served, keepAliveTimeout: 60_000 });
  await using http = open();
  const tls = { ca_ref: 'file:many.pem' };
  for (let at = 0; at < 80; at += 1) {
    await writeFile(path.join(folder, 'many.pem'), `# ${at}\n${authority.cert}`);
    expect(await call(http, `https://localhost:${server.port}`, tls)).toBe('fine');
  }
  expect(server.seen).toHaveLength(80);
  await vi.waitFor(() => expect(server.open()).toBe(64), { timeout: 3_000 });
});

describe('the pools of TLS identities', () => {
  const identity = (id: string) => ({ id, ca: null, cert: null, key: null, pinnedSpki: null });
  const openPools = (most: number) => openDispatchers(() => new Agent(), most);

  test('are as many as the bound, and the one without identity, however many identities there are', async () => {
    const pools = openPools(4);
    for (let at = 0; at < 1_000; at += 1) pools.lease(identity(`${at}`)).release();
    expect(pools.count()).toBe(5);
    await pools.destroy(new BatonError('draining'));
  });

  test('are closed only when their last call has ended', async () => {
    const pools = openPools(1);
    const leases = ['a', 'a', 'b'].map((id) => pools.lease(identity(id)));
    const [first, second] = leases;
    expect(pools.count()).toBe(3);
    first?.release();
    first?.release();
    expect(first?.dispatcher.closed).toBe(false);
    second?.release();
    expect(first?.dispatcher.closed).toBe(true);
    expect(pools.count()).toBe(2);
    await pools.destroy(new BatonError('draining'));
  });

  test('are used again by the same identity', async () => {
    const pools = openPools(2);
    expect(pools.lease(identity('a')).dispatcher).toBe(pools.lease(identity('a')).dispatcher);
    await pools.destroy(new BatonError('draining'));
  });
});
