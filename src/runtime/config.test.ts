import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { BatonError } from '../contracts/error.ts';
import { agentHttpSettings, isProduction, loadConfig, settingNames } from './config.ts';

function faultOf(env: Record<string, string>): BatonError {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof BatonError) return error;
  }
  throw new Error('expected a BatonError');
}

describe('loadConfig', () => {
  test('an empty environment gives the defaults, frozen', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      redisUrl: undefined,
      model: 'gpt-4o',
      host: '127.0.0.1',
      port: 4_000,
      home: '.baton',
    });
    expect(config).toMatchObject({ lockMs: 30_000, stalledMs: 10_000, concurrency: 20, retentionMs: 86_400_000 });
    expect(config).toMatchObject({ offlineModel: false, environment: 'development', url: 'http://127.0.0.1:4000' });
    expect(Object.isFrozen(config)).toBe(true);
  });

  test('values are read as what they are', () => {
    const config = loadConfig({
      BATON_PORT: ' 0 ',
      BATON_OFFLINE_URL: 'http://127.0.0.1:5/v1',
      REDIS_URL: 'rediss://:pw@cache:6380/2',
    });
    expect(config).toMatchObject({ port: 0, offlineModel: true, redisUrl: 'rediss://:pw@cache:6380/2' });
    expect(config.openaiBaseUrl).toBe('http://127.0.0.1:5/v1');
  });

  test('a key or a server of a real model comes before the offline one', () => {
    const offline = { BATON_OFFLINE_URL: 'http://127.0.0.1:5/v1' };
    expect(loadConfig({ ...offline, OPENAI_API_KEY: 'sk-real' })).toMatchObject({
      offlineModel: false,
      openaiBaseUrl: undefined,
    });
    const own = { ...offline, OPENAI_BASE_URL: 'http://127.0.0.1:6/v1' };
    expect(loadConfig(own)).toMatchObject({ offlineModel: false, openaiBaseUrl: 'http://127.0.0.1:6/v1' });
  });

  test('an empty string counts as unset', () => {
    const config = loadConfig({ REDIS_URL: '', BATON_PORT: '  ', BATON_ADMIN_USER: '', BATON_ADMIN_PASSWORD: '' });
    expect(config).toMatchObject({ redisUrl: undefined, port: 4_000, adminUser: undefined });
  });

  test('the placeholder key of the examples is no key', () => {
    expect(loadConfig({ OPENAI_API_KEY: 'sk-...' }).openaiApiKey).toBeUndefined();
    expect(loadConfig({ OPENAI_API_KEY: 'sk-real' }).openaiApiKey).toBe('sk-real');
  });

  test('all faults are reported together, each with what was expected and what came', () => {
    const fault = faultOf({
      REDIS_URL: 'localhost:6379',
      BATON_PORT: '70000',
      BATON_LOCK_MS: '1e4',
      BATON_STALLED_MS: '99',
      BATON_OFFLINE_URL: 'maybe',
      BATON_LOG_LEVEL: 'loud',
      BATON_ADMIN_USER: 'ada',
    });
    expect(fault.code).toBe('config_invalid');
    expect(fault.message.split('\n')).toEqual([
      'The settings have faults:',
      '- REDIS_URL: expected a URL like redis://127.0.0.1:6379/0, came "localhost:6379"',
      '- BATON_OFFLINE_URL: expected an http or https URL, came "maybe"',
      '- BATON_PORT: expected a whole number from 0 to 65535, came "70000"',
      '- BATON_LOCK_MS: expected a whole number of milliseconds from 500 to 600000, came "1e4"',
      '- BATON_STALLED_MS: expected a whole number of milliseconds from 100 to 600000, came "99"',
      '- BATON_LOG_LEVEL: expected fatal, error, warn, info, debug, trace or silent, came "loud"',
      '- BATON_ADMIN_PASSWORD: expected BATON_ADMIN_USER and BATON_ADMIN_PASSWORD together or neither, came nothing',
    ]);
    expect(fault.faults.map(({ path: name }) => name)).toContain('REDIS_URL');
  });

  test('a secret is never in a message', () => {
    const fault = faultOf({
      REDIS_URL: 'http://user:hunter2@cache:6379',
      OPENAI_BASE_URL: 'ftp://user:hunter2@models',
      BATON_ADMIN_PASSWORD: 'hunter2',
    });
    expect(fault.faults).toHaveLength(3);
    expect(JSON.stringify([fault.message, fault.faults])).not.toContain('hunter2');
  });

  test.each([
    [{}, 15_000],
    [{ BATON_PROBE_MS: '10000' }, 15_000],
    [{ BATON_HEALTH_TTL_MS: '10000' }, 10_000],
    [{ BATON_HEALTH_TTL_MS: '6000', BATON_PROBE_MS: '1000' }, 6_000],
  ])('%j: a sign of life counts for %i ms', (env, expected) => {
    expect(loadConfig(env).healthTtlMs).toBe(expected);
  });

  test.each([
    [{ BATON_HEALTH_TTL_MS: '9999' }, 'expected at least 10000 milliseconds with a BATON_PROBE_MS of 5000'],
    [{ BATON_HEALTH_TTL_MS: '6000', BATON_PROBE_MS: '1001' }, 'expected at least 6001 milliseconds'],
    [{ BATON_HEALTH_TTL_MS: '5999', BATON_PROBE_MS: '100' }, 'expected a whole number of milliseconds from 6000'],
  ])('%j is refused: one lost probe would take agents out', (env, message) => {
    const faults = faultOf(env).faults ?? [];
    expect(faults.map(({ path }) => path)).toEqual(['BATON_HEALTH_TTL_MS']);
    expect(faults[0]?.message).toContain(message);
  });

  test.each([
    ['XDG_CACHE_HOME', '/var/tmp/cache', '/var/tmp/cache/baton'],
    ['XDG_CACHE_HOME', 'relative', path.join(homedir(), '.cache/baton')],
  ])('the cache follows %s=%s when it is absolute', (name, value, expected) => {
    expect(loadConfig({ [name]: value }).cacheFolder).toBe(expected);
  });

  test('docs/settings.md has one row for each setting', () => {
    const page = readFileSync(path.resolve('docs/settings.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name]) => name);
    expect(rows.toSorted()).toEqual([...settingNames].toSorted());
  });
});

describe('isProduction', () => {
  test.each([
    [{}, false],
    [{ BATON_HOST: 'localhost' }, false],
    [{ BATON_HOST: '127.0.0.53' }, false],
    [{ BATON_HOST: '::1' }, false],
    [{ BATON_ENV: 'production' }, true],
    [{ BATON_HOST: '0.0.0.0' }, true],
    [{ BATON_HOST: '10.0.0.7' }, true],
    [{ BATON_HOST: '127.0.0.1.example.org' }, true],
  ])('%j: %s', (env, expected) => {
    expect(isProduction(loadConfig(env))).toBe(expected);
  });
});

test('the prices of the model are decimals of US dollars, nothing by default', () => {
  expect(loadConfig({}).modelPrice).toEqual({ input_per_million: 0, output_per_million: 0, per_call: 0 });
  const { modelPrice } = loadConfig({ BATON_PRICE_INPUT: '2.50', BATON_PRICE_OUTPUT: '10' });
  expect(modelPrice).toMatchObject({ input_per_million: 2.5, output_per_million: 10 });
  for (const price of ['-1', '1e3', '2,5', '100001', 'free']) {
    expect(() => loadConfig({ BATON_PRICE_INPUT: price })).toThrow(
      /BATON_PRICE_INPUT: expected a number of US dollars/,
    );
  }
});

describe('where agents may be, and their secrets', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('hosts are a list, unset by default; its entries are read by the address policy', () => {
    expect(loadConfig({}).agentHosts).toBeUndefined();
    const { agentHosts } = loadConfig({ BATON_AGENT_HOSTS: ' agents.example.com , 10.0.0.0/8,,public' });
    expect(agentHosts).toEqual(['agents.example.com', '10.0.0.0/8', 'public']);
    for (const list of [',', 'a,'.repeat(201), 'a'.repeat(301)]) {
      expect(() => loadConfig({ BATON_AGENT_HOSTS: list })).toThrow(/- BATON_AGENT_HOSTS: expected .*, came "/);
    }
  });

  test('secrets are the variables of their prefix and are no part of the configuration', () => {
    vi.stubEnv('BATON_SECRET_FAR', 'canary-1');
    vi.stubEnv('OPENAI_API_KEY', 'canary-2');
    const config = loadConfig({ ...process.env, BATON_ENV: 'production', BATON_SECRETS_DIR: '/run/secrets' });
    const settings = agentHttpSettings(config);
    expect(settings).toMatchObject({ production: true, secretsDir: '/run/secrets' });
    expect(settings.secretVariables).toEqual({ BATON_SECRET_FAR: 'canary-1' });
    expect(JSON.stringify(config)).not.toContain('canary-1');
  });
});
