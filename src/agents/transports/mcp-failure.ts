import type { AgentDescriptor } from '../../contracts/agent.ts';
import { BatonError } from '../../contracts/error.ts';
import { peerOf } from '../call.ts';
import { toAgentFailure } from '../frame.ts';

/** JSON-RPC's own codes for a request that the server will not take, now or later. */
const refused: ReadonlySet<number> = new Set([-32_600, -32_601, -32_602]);

/**
 * What the MCP SDK threw, as one of ours: what the last request came to, agent_rejected for a request that the server does not take (an
 * unknown tool), agent_failed for one that it failed at, agent_incomplete for a stream without the answer, agent_protocol for the rest.
 */
export function toMcpFailure(
  thrown: unknown,
  { refusal, agent }: Readonly<{ refusal: BatonError | null; agent: AgentDescriptor }>,
): BatonError {
  if (thrown instanceof BatonError) return thrown;
  if (refusal !== null)
    return new BatonError(refusal.code, refusal.message, { cause: thrown, retryAfterMs: refusal.retryAfterMs });
  const peer = peerOf(agent);
  const { code, message } = accountOf(thrown);
  if (typeof code === 'number') {
    const text = `${peer} refused the call of its tool "${agent.mcp?.tool}": ${message.slice(0, 300)}`;
    return refused.has(code)
      ? new BatonError('agent_rejected', text, { cause: thrown })
      : toAgentFailure(message, peer, thrown);
  }
  if (code === 'CONNECTION_CLOSED')
    return new BatonError('agent_incomplete', `${peer} ended its stream without an answer.`, { cause: thrown });
  return new BatonError('agent_protocol', `${peer} did not answer as an MCP server does.`, { cause: thrown });
}

/** Errors of the protocol have a number, those of the SDK a name. */
function accountOf(thrown: unknown): Readonly<{ code: unknown; message: string }> {
  if (!(thrown instanceof Error)) return { code: null, message: String(thrown) };
  return { code: 'code' in thrown ? thrown.code : null, message: thrown.message };
}
