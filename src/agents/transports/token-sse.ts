import { readAgentStream } from './sse.ts';
import type { Transport } from './transport.ts';

/** dynamic_events: POST to the stream endpoint, tokens by SSE: `data: {"type":"token","token":" x"}`, then `{"type":"done"}`. */
export const tokenSse: Transport = (invocation) => readAgentStream(invocation, 'token');
