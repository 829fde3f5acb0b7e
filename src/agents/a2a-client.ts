import { ReadableStream } from 'node:stream/web';
import type { AgentCard } from '@a2a-js/sdk';
import type { Client } from '@a2a-js/sdk/client';
import type { AgentDescriptor } from '../contracts/agent.ts';
import { BatonError } from '../contracts/error.ts';
import { checkEvents } from './a2a-events.ts';
import { peerOf } from './call.ts';
import { refusalOf, toRefusal } from './transports/post.ts';
import type { Invocation } from './transports/transport.ts';

type Connection = Pick<Invocation, 'agent' | 'http' | 'limits' | 'signal'>;

/**
 * The SDK's client for one call, made from the descriptor alone: the card was read when the agent was registered. Every request goes
 * out by `http`, under the call's limits. The SDK is loaded with the first one.
 */
export async function openA2aClient(connection: Connection): Promise<Client> {
  const { ClientFactory, JsonRpcTransportFactory, RestTransportFactory } = await import('@a2a-js/sdk/client');
  const options = { fetchImpl: fetchOver(connection), legacyCompat: { enabled: true } };
  const transports = [new JsonRpcTransportFactory(options), new RestTransportFactory(options)];
  return new ClientFactory({ transports }).createFromAgentCard(cardOf(connection.agent));
}

/** As much of the agent's card as the client looks at. */
function cardOf(agent: AgentDescriptor): AgentCard {
  const { endpoint, a2a, name, description, version, streaming_mode } = agent;
  if (a2a === undefined || endpoint === null) throw new BatonError('internal', `${peerOf(agent)} is no A2A agent.`);
  const { binding, version: protocolVersion, tenant } = a2a;
  return {
    ...{ name, description, version, provider: undefined },
    supportedInterfaces: [{ url: endpoint, protocolBinding: binding, protocolVersion, tenant }],
    capabilities: { streaming: streaming_mode !== 'static', extensions: [] },
    ...{ securitySchemes: {}, securityRequirements: [], signatures: [] },
    ...{ defaultInputModes: [], defaultOutputModes: [], skills: [] },
  };
}

/**
 * What the SDK takes for fetch: `http` below, so that limits, the policy on addresses, TLS and secrets hold here as anywhere. A refusal
 * is thrown before the SDK can put a whole error page into a message.
 */
function fetchOver({ agent, http, limits, signal }: Connection): typeof globalThis.fetch {
  const peer = peerOf(agent);
  return async (input, init = {}) => {
    const headers = Object.fromEntries(new Headers(init.headers));
    const response = await http.request({
      url: String(input),
      method: init.method === 'GET' ? 'GET' : 'POST',
      headers,
      ...(typeof init.body === 'string' && { body: init.body }),
      ...{ signal, limits, peer, access: agent },
    });
    const code = refusalOf(response.status);
    if (code !== null) throw await toRefusal(response, code, { accept: [headers.accept ?? 'an answer'], peer });
    const type = response.header('content-type') ?? '';
    const isStream = type.startsWith('text/event-stream');
    const bytes = isStream ? checkEvents(response.body, { maxChars: limits.eventChars, peer }) : response.body;
    // Node has two types for one web stream.
    const body = ReadableStream.from(bytes) as unknown as globalThis.ReadableStream;
    return new Response(body, { status: response.status, headers: { 'content-type': type } });
  };
}
