import { ReadableStream, TextDecoderStream } from 'node:stream/web';
import { ParseError } from 'eventsource-parser';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { BatonError } from '../../contracts/error.ts';
import type { HttpBody } from '../../outbound/body.ts';
import { type AgentEvent, peerOf } from '../call.ts';
import { type PlainFrame, parseFrame } from '../frame.ts';
import { postToAgent } from './post.ts';
import type { Invocation } from './transport.ts';

/**
 * Reads an agent's SSE stream up to its `done` and closes the socket there. Throws agent_incomplete when the stream ends
 * without one, agent_protocol when it holds no event at all, output_too_large, and what postToAgent and parseFrame throw.
 */
export async function* readAgentStream(invocation: Invocation, plain: PlainFrame): AsyncGenerator<AgentEvent, void> {
  const { agent, call, limits } = invocation;
  const peer = peerOf(agent);
  const context = { plain, taskId: call.taskId, peer };
  const body = await postToAgent(invocation, { path: agent.stream_endpoint, accept: 'text/event-stream' });
  let frames = 0;
  try {
    for await (const data of readData(body, { maxChars: limits.eventChars, peer })) {
      frames += 1;
      const event = parseFrame(data, context);
      if (event === null) continue;
      yield event;
      if (event.type === 'done') return;
    }
  } finally {
    // The pipeline would close it too, but only after its own pending read.
    await body.return?.();
  }
  if (frames === 0) throw new BatonError('agent_protocol', `${peer} answered with an empty stream.`);
  throw new BatonError('agent_incomplete', `${peer} ended its stream without a "done" event.`);
}

type EventBound = Readonly<{ maxChars: number; peer: string }>;

/** The data of each SSE event. The parser bounds what it holds back between chunks; an event that came whole is measured here. */
async function* readData(body: HttpBody, { maxChars, peer }: EventBound): AsyncGenerator<string, void> {
  const tooLarge = (cause?: unknown): BatonError =>
    new BatonError('output_too_large', `${peer} sent an event of more than ${maxChars} characters.`, { cause });
  const events = ReadableStream.from(body)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream({ maxBufferSize: maxChars }));
  try {
    for await (const { data } of events) {
      if (data.length > maxChars) throw tooLarge();
      yield data;
    }
  } catch (thrown) {
    throw thrown instanceof ParseError ? tooLarge(thrown) : thrown;
  }
}
