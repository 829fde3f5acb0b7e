import type { AgentChange } from '../contracts/agent-view.ts';
import { chooseStream } from './accept.ts';
import { sendEvents } from './event-response.ts';
import { cursorOf } from './request-headers.ts';
import type { Handler } from './route.ts';
import type { Door } from './tools.ts';

/** GET /v1/agents/events: what changes in the registry, from now on or after the cursor, until the client leaves. */
export function showAgentEvents({ agentChanges, draining, log }: Door): Handler {
  return async (request, response) => {
    const format = chooseStream(request, response);
    const after = cursorOf(request.get('Last-Event-ID'), request.query.after);
    const events = (signal: AbortSignal) => agentChanges.read({ after, signal });
    await sendEvents<AgentChange>(response, { format, events, draining, log });
  };
}
