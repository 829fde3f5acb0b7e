import { expect, test } from 'vitest';
import { serverArguments } from './redis-server-process.ts';

test('our server listens on loopback only, evicts nothing and writes an append-only file', () => {
  const line = serverArguments({ folder: '/data/my home', port: 7_001, appendonly: true }).join(' ');
  expect(line).toContain('--bind 127.0.0.1 --port 7001 --dir /data/my home --appendonly yes --appendfsync everysec');
  expect(line).toContain('--save  --maxmemory-policy noeviction');
});
