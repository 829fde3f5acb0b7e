import type { Request } from 'express';
import { AgentInstance } from '../contracts/agent-view.ts';
import { BatonError, faultyError } from '../contracts/error.ts';
import { AgentId } from '../contracts/ids.ts';

/** Who serves the agent, as it names itself in every request about it. */
const INSTANCE_HEADER = 'X-Baton-Instance';

/** A registration as it was sent: what is said of the agent, and by which instance. */
export type AgentBody = { readonly fields: Readonly<Record<string, unknown>>; readonly instance: string | undefined };

/** A body that says something of an agent. `instance` may stand in it instead of in the header, but not contradict it. Throws invalid_request. */
export function agentBodyOf(request: Request): AgentBody {
  const body: unknown = request.body;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw faultyError('invalid_request', [{ path: '', message: 'expected an object' }]);
  }
  const { instance: said, ...fields } = body as Record<string, unknown>; // parsed JSON: any field may be there
  const header = request.get(INSTANCE_HEADER);
  if (said !== undefined && header !== undefined && said !== header) {
    throw faultyError('invalid_request', [
      { path: 'instance', message: `expected what ${INSTANCE_HEADER} says, or none` },
    ]);
  }
  return { fields, instance: toInstance(said ?? header, said === undefined ? INSTANCE_HEADER : 'instance') };
}

/** The instance that a request without a body comes from; undefined when it does not say. */
export function instanceOf(request: Request): string | undefined {
  return toInstance(request.get(INSTANCE_HEADER), INSTANCE_HEADER);
}

function toInstance(value: unknown, path: string): string | undefined {
  if (value === undefined) return undefined;
  const instance = AgentInstance.safeParse(value);
  if (instance.success) return instance.data;
  const message = instance.error.issues[0]?.message ?? 'expected the name of an instance';
  throw faultyError('invalid_request', [{ path, message }]);
}

/** The id in the address. Throws agent_not_found for one that no agent can have. */
export function agentIdOf(request: Request): string {
  const id = AgentId.safeParse(request.params.id);
  if (!id.success) throw new BatonError('agent_not_found');
  return id.data;
}

/** The address names the agent; a body may repeat the id, but not contradict it. */
export function withId(fields: AgentBody['fields'], id: unknown): AgentBody['fields'] {
  const { agent_id: given = id } = fields;
  if (given === id) return { ...fields, agent_id: id };
  throw faultyError('invalid_request', [{ path: 'agent_id', message: 'expected the id of the address, or none' }]);
}

/** What If-Match asks for: the etag of a descriptor, `*` for any, undefined without it. Throws invalid_request for a list or a weak one. */
export function ifMatchOf(request: Request): string | undefined {
  const header = request.get('If-Match');
  if (header === undefined || header === '*') return header;
  const etag = /^"([^"]{1,100})"$/.exec(header.trim())?.[1];
  if (etag !== undefined) return etag;
  throw faultyError('invalid_request', [{ path: 'If-Match', message: 'expected one strong ETag in quotes, or *' }]);
}
