import { expect, test } from 'vitest';
import { AgentDescriptor } from '../contracts/agent.ts';
import { openHttp } from '../outbound/http.ts';
import { canCall } from './can-call.ts';
import { defineAgent } from './definition.ts';
import { openLocalAgents } from './local-agents.ts';

const about = { agent_id: 'a', name: 'A', capabilities: ['custom'] };
const kinds = {
  http: { endpoint: 'http://127.0.0.1:9' },
  in_process: {},
  command: { command: { name: 'lint' } },
  model: { model: {} },
};
const transports = Object.keys(kinds) as readonly (keyof typeof kinds)[]; // keys of a const object

const callable = (own: Parameters<typeof canCall>[1]) =>
  transports.filter((transport) => canCall(AgentDescriptor.parse({ ...about, transport, ...kinds[transport] }), own));

const nothing = { local: openLocalAgents([]) };

test('a process without modules, commands and a model calls agents over the network only', () => {
  expect(callable(nothing)).toEqual(['http']);
});

test('each of these lets it call the agents that need it', async () => {
  await using http = openHttp({ policy: 'operator' });
  const local = openLocalAgents([defineAgent({ id: 'a', capabilities: ['custom'], reply: 'x' })]);
  expect(callable({ local })).toEqual(['http', 'in_process']);
  const commands = { get: () => undefined, has: (name: string) => name === 'lint', reports: [] };
  expect(callable({ ...nothing, commands })).toEqual(['http', 'command']);
  const modelServer = { http, baseUrl: 'http://127.0.0.1:9/v1', apiKey: undefined, model: 'm' };
  expect(callable({ ...nothing, modelServer })).toEqual(['http', 'model']);
});
