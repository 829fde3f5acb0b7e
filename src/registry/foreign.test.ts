import { expect, test } from 'vitest';
import { toForeignAgents } from './foreign.ts';

/** As the seed's service writes it: pydantic's dump of the descriptor. */
const writer = {
  agent_id: 'writer-01',
  name: 'Creative Writer',
  description: 'Generates creative text, stories, and marketing copy',
  endpoint: 'http://localhost:8001',
  health_endpoint: '/health',
  invoke_endpoint: '/invoke',
  stream_endpoint: '/stream',
  capabilities: ['text_generation'],
  streaming_mode: 'dynamic_events',
  payload_schema: {
    content_type: 'application/json',
    required_fields: { query: 'string' },
    optional_fields: {},
    example: { query: 'Write a haiku about AI' },
  },
  static_response: null,
  priority: 10,
  max_tokens: null,
  timeout_seconds: 60,
  metadata: {},
};
const anywhere = () => null;
const found = (answer: unknown, whyRefused: (url: string) => string | null = anywhere) =>
  toForeignAgents(answer, whyRefused);

test("the seed's answer and a bare list give the same agents", () => {
  const { agents, skipped } = found({ agents: [writer] });
  expect(skipped).toEqual([]);
  expect(agents).toMatchObject([writer]);
  expect(found([writer])).toEqual({ agents, skipped });
});

test('fields that are not known go into metadata, which wins; how another baton sees its agents is left out', () => {
  const entry = { ...writer, region: 'eu', team: 'a', healthy: false, metadata: { team: 'b' } };
  const payload_schema = { ...writer.payload_schema, version: 2 };
  const [agent] = found([{ ...entry, payload_schema }]).agents;
  expect(agent?.metadata).toEqual({ region: 'eu', team: 'b' });
  expect(agent?.payload_schema).toEqual(writer.payload_schema);
});

test.each([
  ['no capability', { capabilities: [] }, /capabilities/],
  ['an unknown capability', { capabilities: ['magic'] }, /capabilities\[0\]/],
  ['an id that is none', { agent_id: 'a/b' }, /agent_id/],
  ['a transport that would run here', { transport: 'command', command: { name: 'sh' } }, /over the network/],
  ['a secret', { auth: { kind: 'bearer', secret_ref: 'env:BATON_SECRET_X' } }, /secrets/],
  ['a key of a prototype', JSON.parse('{"metadata": {"__proto__": 1}}'), /__proto__/],
  ['an unknown field called like a prototype', JSON.parse('{"constructor": 1}'), /constructor/],
  ['metadata that is no object', { metadata: 'x' }, /metadata/],
])('an entry with %s is passed over with the reason, the others are not', (_what, fields, reason) => {
  const { agents, skipped } = found([{ ...writer, agent_id: 'bad', ...fields }, writer]);
  expect(agents.map(({ agent_id }) => agent_id)).toEqual(['writer-01']);
  expect(skipped.map((entry) => entry.reason)).toEqual([expect.stringMatching(reason)]);
});

test('an address that agents may not have is passed over', () => {
  const { agents, skipped } = found([writer], () => 'expected another host');
  expect([agents, skipped]).toEqual([
    [],
    [{ agent_id: 'writer-01', reason: expect.stringContaining('endpoint: expected another host') }],
  ]);
});

test('of two entries with one id the first counts', () => {
  const { agents, skipped } = found([writer, { ...writer, name: 'Other' }]);
  expect(agents).toMatchObject([{ name: 'Creative Writer' }]);
  expect(skipped).toMatchObject([{ agent_id: 'writer-01' }]);
});

test.each([[null], ['x'], [{}], [{ agents: { a: 1 } }]])('%j is no answer', (answer) => {
  expect(() => found(answer)).toThrow(/discovery service/);
});
