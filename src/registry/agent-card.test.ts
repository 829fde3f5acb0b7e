import { expect, test } from 'vitest';
import { BatonError } from '../contracts/error.ts';
import { cardUrlOf } from './agent-card.ts';
import { type CardOverrides, toAgentDescriptor } from './agent-card-descriptor.ts';
import { parseAgentCard } from './agent-card-parse.ts';

const jsonRpc = { url: 'https://a.example/rpc', protocolBinding: 'JSONRPC', protocolVersion: '1.0' };
const skill = { id: 'translate', name: 'Translation', description: '', tags: ['french'] };
const card = {
  ...{ name: 'Travel desk', description: 'Books journeys.', version: '2.1.0' },
  supportedInterfaces: [jsonRpc],
  capabilities: { streaming: true },
  ...{ defaultInputModes: ['text/plain'], defaultOutputModes: ['text/plain'], skills: [skill] },
};
const legacy = {
  ...{ name: 'Old desk', description: '', version: '1', protocolVersion: '0.3.0', url: 'https://a.example/old' },
  ...{ capabilities: {}, defaultInputModes: [], defaultOutputModes: [], skills: [] },
};
const CARD_URL = 'https://a.example/.well-known/agent-card.json';

const describe = (given: object, overrides: CardOverrides = {}) =>
  toAgentDescriptor(parseAgentCard(given), CARD_URL, overrides);

function faultsOf(given: object, overrides: CardOverrides = {}): readonly string[] {
  try {
    describe(given, overrides);
  } catch (thrown) {
    if (thrown instanceof BatonError && thrown.code === 'invalid_request')
      return thrown.faults.map(({ path, message }) => `${path}: ${message}`);
    throw thrown;
  }
  return [];
}

test('a card says who its agent is, where, and what it can do', () => {
  expect(describe(card)).toMatchObject({
    ...{ agent_id: 'travel-desk', name: 'Travel desk', description: 'Books journeys.', version: '2.1.0' },
    ...{ transport: 'a2a', endpoint: 'https://a.example/rpc', streaming_mode: 'dynamic_events' },
    a2a: { card_url: CARD_URL, version: '1.0', binding: 'JSONRPC', tenant: '' },
    ...{ capabilities: ['translation'], skills: ['Translation', 'french'] },
    payload_schema: { content_type: 'text/plain' },
  });
});

test('a card of 0.3 is read as well', () => {
  expect(describe(legacy)).toMatchObject({
    ...{ agent_id: 'old-desk', endpoint: 'https://a.example/old', streaming_mode: 'static', capabilities: ['custom'] },
    a2a: { version: '0.3', binding: 'JSONRPC' },
  });
  const others = {
    preferredTransport: 'GRPC',
    additionalInterfaces: [{ url: 'https://a.example/r', transport: 'HTTP+JSON' }],
  };
  expect(describe({ ...legacy, ...others })).toMatchObject({
    endpoint: 'https://a.example/r',
    a2a: { binding: 'HTTP+JSON' },
  });
});

test("the agent's first interface that baton speaks is taken, a 1.0 one before a 0.3 one", () => {
  const grpc = { ...jsonRpc, protocolBinding: 'GRPC', url: 'https://a.example:50051' };
  const old = { ...jsonRpc, protocolVersion: '0.3', url: 'https://a.example/old' };
  const rest = { ...jsonRpc, protocolBinding: 'http+json', url: 'https://a.example/rest', tenant: 'blue' };
  expect(describe({ ...card, supportedInterfaces: [grpc, old, rest, jsonRpc] })).toMatchObject({
    endpoint: 'https://a.example/rest',
    a2a: { binding: 'HTTP+JSON', version: '1.0', tenant: 'blue' },
  });
  expect(describe({ ...card, supportedInterfaces: [grpc, old] }).a2a?.version).toBe('0.3');
});

test('what is set beside the card wins, but not over what only the card can say', () => {
  const overrides = { agent_id: 'desk', capabilities: ['search'], skills: ['rail'], priority: 3 };
  expect(describe(card, overrides)).toMatchObject(overrides);
  expect(faultsOf(card, { endpoint: 'https://b.example', transport: 'http' })).toEqual([
    'endpoint: expected none: the card says it',
    'transport: expected none: the card says it',
  ]);
  expect(faultsOf(card, { colour: 'blue' }).join()).toContain('colour');
  expect(faultsOf({ ...card, capabilities: {} }, { streaming_mode: 'dynamic_events' }).join()).toContain(
    'streaming_mode',
  );
});

test.each([
  ['summarizeText', ['text_generation', 'summarization']],
  ['code-review', ['code_generation']],
  ['SQL queries', ['code_generation']],
  ['Find documents', ['search']],
  ['sales_forecast', ['data_analysis']],
  ['Übersetzung', ['custom']],
  ['', ['custom']],
])('a skill called %j stands for %j', (name, capabilities) => {
  expect(describe({ ...card, skills: [{ id: 'x', name, tags: [] }] }).capabilities).toEqual(capabilities);
});

const bearer = { httpAuthSecurityScheme: { scheme: 'Bearer' } };
const apiKey = { apiKeySecurityScheme: { location: 'header', name: 'X-Key' } };
const secured = (schemes: object, ...requirements: object[]) => ({
  ...{ ...card, securitySchemes: schemes },
  securityRequirements: requirements.map((each) => ({ schemes: each })),
});
const auth = { kind: 'bearer', secret_ref: 'env:BATON_SECRET_DESK' };
const header = { kind: 'header', name: 'x-key', secret_ref: 'env:BATON_SECRET_DESK' };

test('an agent that asks for a secret is not registered without it, and the fault says which', () => {
  const asks = secured({ token: bearer, key: apiKey }, { token: { list: [] } }, { key: { list: [] } });
  expect(faultsOf(asks)).toEqual([
    expect.stringMatching(
      /^auth: the agent asks for "token" \(a bearer token\), or "key" \(an API key in the header "X-Key"\);/,
    ),
  ]);
  expect(describe(asks, { auth }).auth).toEqual(auth);
  expect(describe(asks, { auth: header }).auth).toEqual(header);
  expect(faultsOf(asks, { auth: { ...header, name: 'x-other' } })).toHaveLength(1);
});

test.each([
  [
    'in the words of 0.3',
    { ...legacy, securitySchemes: { t: { type: 'http', scheme: 'bearer' } }, security: [{ t: [] }] },
  ],
  [
    "as the SDK's servers write it",
    secured({ t: { scheme: { $case: 'httpAuthSecurityScheme', value: { scheme: 'bearer' } } } }, { t: {} }),
  ],
  ['by OAuth', secured({ t: { oauth2SecurityScheme: { flows: {} } } }, { t: {} })],
])('a bearer token may be asked for %s', (_how, given) => {
  expect(faultsOf(given)).toHaveLength(1);
  expect(faultsOf(given, { auth })).toEqual([]);
});

test('schemes that nobody must use ask for nothing; two at once are both needed', () => {
  expect(faultsOf(secured({ token: bearer }))).toEqual([]);
  expect(faultsOf(secured({ token: bearer }, { token: {} }, {}))).toEqual([]);
  const both = secured({ token: bearer, m: { mtlsSecurityScheme: {} } }, { token: {}, m: {} });
  expect(faultsOf(both, { auth })).toHaveLength(1);
  const tls = { cert_ref: 'file:cert.pem', key_ref: 'file:key.pem' };
  expect(faultsOf(both, { auth, tls })).toEqual([]);
  expect(faultsOf(secured({}, { lost: {} }), { auth })).toHaveLength(1);
});

test.each([
  [[], 'card: '],
  [{}, 'card.name: '],
  [{ ...card, supportedInterfaces: [] }, 'card.supportedInterfaces: expected at least one'],
  [
    { ...card, supportedInterfaces: [{ ...jsonRpc, protocolBinding: 'GRPC' }] },
    'card.supportedInterfaces: expected an',
  ],
  [
    { ...card, supportedInterfaces: [{ ...jsonRpc, url: 'file:///etc/passwd' }] },
    'card.supportedInterfaces: expected an',
  ],
  [{ ...card, supportedInterfaces: [{ ...jsonRpc, protocolVersion: '2.0' }] }, 'card.supportedInterfaces: expected an'],
  [{ ...card, skills: 'many' }, 'card.skills: '],
  [{ ...card, capabilities: { extensions: [{ uri: 'urn:x', required: true }] } }, 'card.capabilities.extensions: '],
  [{ ...card, name: '旅行' }, 'agent_id: '],
])('a card with faults is refused by name: %j', (given, fault) => {
  expect(faultsOf(given).join('\n')).toContain(fault);
});

test.each([
  ['https://a.example', CARD_URL],
  ['https://a.example/', CARD_URL],
  ['https://a.example/cards/1.json', 'https://a.example/cards/1.json'],
  ['https://a.example/?agent=1', 'https://a.example/?agent=1'],
])('the card of %s is at %s', (given, expected) => {
  expect(cardUrlOf(given)).toBe(expected);
});
