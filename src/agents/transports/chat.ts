import { BatonError } from '../../contracts/error.ts';
import type { Usage } from '../../contracts/result.ts';
import type { HttpBody } from '../../outbound/body.ts';
import { type AgentEvent, peerOf } from '../call.ts';
import { type ChatDialect, dialectOf, lessonOf, rememberDialect } from './chat-dialect.ts';
import { chatMessages } from './chat-messages.ts';
import { type ChatPeer, endOfChat, parseChatReply } from './chat-reply.ts';
import { postToAgent, readAnswer } from './post.ts';
import { readEvents } from './sse.ts';
import type { Invocation } from './transport.ts';

/** Whom to be, as which model; and whether the server is the operator's own, whose words are for the log only. */
export type ChatRole = Readonly<{
  model: string;
  systemPrompt: string;
  temperature: number | undefined;
  headers?: Readonly<Record<string, string>>;
  discreet: boolean;
}>;

/** Characters of a model's refusal that are kept. */
const REFUSAL_CHARS = 500;

/**
 * One turn of Chat Completions below the agent's endpoint: streamed as tokens for dynamic_events, else whole. Throws agent_rejected
 * when the model or its filter refuses, agent_incomplete when the stream ends without an end, and what postToAgent throws.
 */
export async function* chat(invocation: Invocation, role: ChatRole): AsyncGenerator<AgentEvent, void> {
  const from: ChatPeer = { peer: peerOf(invocation.agent), discreet: role.discreet };
  const streams = invocation.agent.streaming_mode === 'dynamic_events';
  const body = await askInDialect(invocation, role);
  if (!streams) return yield* wholeAnswer(await readAnswer(body, from.peer), from);
  try {
    yield* streamedAnswer(readEvents(body, { maxChars: invocation.limits.eventChars, peer: from.peer }), from);
  } finally {
    // The pipeline would close it too, but only after its own pending read.
    await body.return?.();
  }
}

function* wholeAnswer(text: string, from: ChatPeer): Generator<AgentEvent, void> {
  const { said, finish, usage } = parseChatReply(text, from);
  if (said === null) throw new BatonError('agent_protocol', `${from.peer} answered without a choice.`);
  const done = endOfChat(finish, usage, said.refusal, from);
  if (said.text !== '') yield { type: 'message', text: said.text };
  yield done;
}

/** Up to `[DONE]`, or to the end of the stream when a finish_reason came before: the usage may come after that. */
async function* streamedAnswer(frames: AsyncIterable<string>, from: ChatPeer): AsyncGenerator<AgentEvent, void> {
  let usage: Usage | null = null;
  let finish: string | null = null;
  let refusal = '';
  let ended = false;
  let count = 0;
  for await (const data of frames) {
    count += 1;
    ended = data.trim() === '[DONE]';
    if (ended) break;
    const chunk = parseChatReply(data, from);
    usage = chunk.usage ?? usage;
    finish = chunk.finish ?? finish;
    refusal = `${refusal}${chunk.said?.refusal ?? ''}`.slice(0, REFUSAL_CHARS);
    if (chunk.said !== null && chunk.said.text !== '') yield { type: 'token', text: chunk.said.text };
  }
  if (count === 0) throw new BatonError('agent_protocol', `${from.peer} answered with an empty stream.`);
  if (!ended && finish === null)
    throw new BatonError('agent_incomplete', `${from.peer} ended its stream without a finish_reason.`);
  yield endOfChat(finish, usage, refusal, from);
}

/** Asks in the fullest dialect that the server is known to understand, and again in a smaller one when it says what it lacks. */
async function askInDialect(invocation: Invocation, role: ChatRole): Promise<HttpBody> {
  const { agent, http, limits } = invocation;
  const server = `${agent.endpoint} ${role.model}`;
  const began = performance.now();
  let dialect = dialectOf(http, server);
  for (;;) {
    const totalMs = Math.max(1, limits.totalMs - Math.floor(performance.now() - began));
    try {
      return await ask({ ...invocation, limits: { ...limits, totalMs } }, role, dialect);
    } catch (thrown) {
      const lesson = thrown instanceof BatonError ? lessonOf(thrown, dialect) : null;
      if (lesson === null) throw thrown;
      // Bounded: a lesson only takes away, and there are three in all.
      dialect = lesson;
      rememberDialect(http, server, dialect);
    }
  }
}

function ask(invocation: Invocation, role: ChatRole, dialect: ChatDialect): Promise<HttpBody> {
  const { agent, call } = invocation;
  const { model, systemPrompt, temperature, headers = {}, discreet } = role;
  const stream = agent.streaming_mode === 'dynamic_events';
  return postToAgent(invocation, {
    path: '/chat/completions',
    accept: [stream ? 'text/event-stream' : 'application/json'],
    headers,
    discreet,
    body: {
      model,
      messages: chatMessages(call.payload, systemPrompt),
      stream,
      ...(stream && dialect.streamUsage && { stream_options: { include_usage: true } }),
      ...(temperature !== undefined && dialect.temperature && { temperature }),
      ...(agent.max_tokens !== null && { [dialect.tokenField]: agent.max_tokens }),
    },
  });
}
