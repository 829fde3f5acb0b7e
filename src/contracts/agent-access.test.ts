import { expect, test } from 'vitest';
import { AgentAuth } from './agent-access.ts';

const headerOf = (name: string) => AgentAuth.safeParse({ kind: 'header', name, secret_ref: 'file:key' }).success;

test.each(['x-api-key', 'Authorization', 'api_key'])('a secret may be shown in the header %s', (name) => {
  expect(headerOf(name)).toBe(true);
});

test.each([
  'Host',
  'content-length',
  'Idempotency-Key',
  'traceparent',
  'Upgrade',
  'Mcp-Session-Id',
  'A2A-Version',
  'a b',
  '',
])('no secret is shown in the header "%s", which is not the agent\'s own', (name) => {
  expect(headerOf(name)).toBe(false);
});

test.each([
  'env:PATH',
  'env:BATON_SECRET_',
  'env:BATON_SECRET_a',
  'file:../key',
  'file:/etc/passwd',
  'file:.ssh',
  'k',
  '',
])('a secret is not to be found at "%s"', (secret_ref) => {
  expect(AgentAuth.safeParse({ kind: 'bearer', secret_ref }).success).toBe(false);
});
