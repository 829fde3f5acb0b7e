import { BatonError } from '../../contracts/error.ts';
import type { HttpBody } from '../../outbound/body.ts';
import { type AgentEvent, peerOf } from '../call.ts';
import { type PlainFrame, parseFrame } from '../frame.ts';
import type { FrameBound } from './frame-bound.ts';
import { readLines } from './ndjson.ts';
import { postToAgent } from './post.ts';
import { readEvents } from './sse.ts';
import type { Invocation, Transport } from './transport.ts';

/** How a stream is cut into frames. */
type Framing = Readonly<{
  accept: readonly [string, ...string[]];
  read(body: HttpBody, bound: FrameBound): AsyncIterable<string>;
  /** What a frame that is no JSON object is. */
  bare: 'text' | 'refused';
}>;

const framings: Readonly<Record<'sse' | 'ndjson', Framing>> = {
  sse: { accept: ['text/event-stream'], read: readEvents, bare: 'text' },
  ndjson: {
    accept: ['application/x-ndjson', 'application/jsonl', 'application/json-lines'],
    read: readLines,
    bare: 'refused',
  },
};

/** dynamic_events: POST to the stream endpoint; tokens: `{"type":"token","token":" x"}`, then `{"type":"done"}`. */
export const tokenStream: Transport = (invocation) => readAgentStream(invocation, 'token');

/** dynamic_messages: the same with whole messages: `{"role":"assistant","content":"..."}`. */
export const messageStream: Transport = (invocation) => readAgentStream(invocation, 'message');

/**
 * Reads an agent's stream up to its `done`, or to what it asks, and closes the socket there. Throws agent_incomplete when the stream ends without one,
 * agent_protocol when it holds no frame at all, output_too_large, and what postToAgent and parseFrame throw.
 */
async function* readAgentStream(invocation: Invocation, plain: PlainFrame): AsyncGenerator<AgentEvent, void> {
  const { agent, call, limits } = invocation;
  const { accept, read, bare } = framings[agent.stream_format];
  const peer = peerOf(agent);
  const context = { plain, taskId: call.taskId, peer, bare };
  const body = await postToAgent(invocation, { path: agent.stream_endpoint, accept });
  let frames = 0;
  try {
    for await (const data of read(body, { maxChars: limits.eventChars, peer })) {
      frames += 1;
      const event = parseFrame(data, context);
      if (event === null) continue;
      yield event;
      if (event.type === 'done' || event.type === 'question') return;
    }
  } finally {
    // The pipeline would close it too, but only after its own pending read.
    await body.return?.();
  }
  if (frames === 0) throw new BatonError('agent_protocol', `${peer} answered with an empty stream.`);
  throw new BatonError('agent_incomplete', `${peer} ended its stream without a "done" event.`);
}
