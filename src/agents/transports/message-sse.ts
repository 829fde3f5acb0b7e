import { readAgentStream } from './sse.ts';
import type { Transport } from './transport.ts';

/** dynamic_messages: POST to the stream endpoint, whole messages by SSE: `data: {"role":"assistant","content":"..."}`, then `{"type":"done"}`. */
export const messageSse: Transport = (invocation) => readAgentStream(invocation, 'message');
