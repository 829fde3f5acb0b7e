import type { AgentReply } from '../contracts/payload.ts';
import type { AgentEvent } from './call.ts';

/** A reply in one piece, as events: its text as a message, then done. */
export function eventsOfReply(reply: AgentReply): readonly AgentEvent[] {
  const { response, confidence = null, usage = null, truncated } = reply;
  const done: AgentEvent = { type: 'done', confidence, usage, truncated: truncated === true };
  return response === '' ? [done] : [{ type: 'message', text: response }, done];
}
