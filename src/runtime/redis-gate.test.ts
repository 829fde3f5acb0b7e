import { describe, expect, test } from 'vitest';
import { factsOf, parseInfo, type RedisState, refusalOf, warningsOf } from './redis-gate.ts';

const info = [
  '# Server',
  'redis_version:7.0.15',
  'executable:/usr/bin/redis-server --port:1',
  '',
  '# Memory',
  'maxmemory_policy:noeviction',
  'aof_enabled:1',
  '',
].join('\r\n');

const sound: RedisState = {
  version: '7.0.15',
  maxmemoryPolicy: 'noeviction',
  appendonly: true,
  appendfsync: 'everysec',
  skewMs: 12,
};

describe('parseInfo', () => {
  test('takes name:value lines and keeps colons in values', () => {
    const map = parseInfo(info);
    expect(map.get('executable')).toBe('/usr/bin/redis-server --port:1');
    expect(map.size).toBe(4);
  });

  test('what INFO does not say is unknown, not assumed', () => {
    expect(factsOf(parseInfo(info))).toEqual({ version: '7.0.15', maxmemoryPolicy: 'noeviction', appendonly: true });
    expect(factsOf(parseInfo(''))).toEqual({ version: null, maxmemoryPolicy: null, appendonly: null });
  });
});

describe('refusalOf', () => {
  test.each(['7.0.0', '7.2.4', '8.0.2', '10.1.0'])('version %s is new enough', (version) => {
    expect(refusalOf({ ...sound, version })).toBeNull();
  });

  test.each(['6.2.14', '5.0.7', null])('version %s is refused, with what to do', (version) => {
    expect(refusalOf({ ...sound, version })).toMatch(
      /version (6.2.14|5.0.7|unknown), baton needs 7.0 or newer: upgrade/,
    );
  });

  test.each(['allkeys-lru', 'volatile-lru', 'volatile-ttl'])('%s is refused, with what to set', (maxmemoryPolicy) => {
    expect(refusalOf({ ...sound, maxmemoryPolicy })).toContain('CONFIG SET maxmemory-policy noeviction');
  });
});

describe('warningsOf', () => {
  test('a sound Redis gives none', () => {
    expect(warningsOf(sound)).toEqual([]);
  });

  test.each([
    [{ appendonly: false }, /append-only file/],
    [{ appendfsync: 'no' }, /appendfsync everysec/],
    [{ skewMs: 1_500 }, /1.5 s ahead of/],
    [{ skewMs: -90_000 }, /90.0 s behind/],
    [{ maxmemoryPolicy: null }, /does not tell its maxmemory-policy/],
  ])('%j gives one', (change, expected) => {
    const warnings = warningsOf({ ...sound, ...change });
    expect(warnings).toEqual([expect.stringMatching(expected)]);
  });
});
