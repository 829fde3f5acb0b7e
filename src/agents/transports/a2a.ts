import type { Client } from '@a2a-js/sdk/client';
import type { AgentDescriptor } from '../../contracts/agent.ts';
import { BatonError } from '../../contracts/error.ts';
import { openDeadline } from '../../outbound/deadline.ts';
import { type A2aAnswer, type A2aSent, openA2aAnswer } from '../a2a-answer.ts';
import { openA2aClient } from '../a2a-client.ts';
import { toA2aFailure } from '../a2a-failure.ts';
import { toA2aRequest } from '../a2a-request.ts';
import { type A2aResume, parseResume } from '../a2a-resume.ts';
import { type AgentEvent, peerOf } from '../call.ts';
import { callHeaders } from '../call-headers.ts';
import type { Invocation, Transport } from './transport.ts';

/** How long the agent is given to hear that nobody waits any more, in milliseconds; the caller waits as long at most. */
const CANCEL_MS = 500;

/**
 * a2a: the A2A protocol, by its JSON-RPC or HTTP+JSON binding. A dynamic agent is streamed from, a static one asked once. When the
 * stream breaks off, the task is looked for once more; when the caller stops, it is cancelled at the agent. See docs/a2a.md.
 */
export const a2a: Transport = async function* (invocation) {
  const { agent, call, limits, signal } = invocation;
  const peer = peerOf(agent);
  // One clock over all requests of the call; each request has its own for the waits in it.
  const deadline = openDeadline({ limits, signal, peer });
  let answer: A2aAnswer | undefined;
  try {
    deadline.signal.throwIfAborted();
    const resume = call.answer === undefined ? undefined : parseResume(call.answer.resume, peer);
    answer = openAnswer(invocation, resume);
    yield* converse({ ...invocation, signal: deadline.signal }, answer, resume);
  } catch (thrown) {
    throw deadline.signal.aborted ? deadline.signal.reason : toA2aFailure(thrown, peer);
  } finally {
    deadline.close();
    await cancelTask(invocation, answer?.openTask());
  }
};

function openAnswer({ agent, call, limits }: Invocation, resume: A2aResume | undefined): A2aAnswer {
  return openA2aAnswer({
    context: resume?.context ?? call.runId,
    resume,
    as: agent.streaming_mode === 'dynamic_events' ? 'token' : 'message',
    maxChars: limits.eventChars,
    peer: peerOf(agent),
  });
}

async function* converse(
  invocation: Invocation,
  answer: A2aAnswer,
  resume: A2aResume | undefined,
): AsyncGenerator<AgentEvent, void> {
  const { agent, call, signal } = invocation;
  const client = await openA2aClient(invocation);
  const request = toA2aRequest(agent, call, resume);
  const options = { signal, serviceParameters: { ...callHeaders(call) } };
  if (!isStreamed(agent)) yield* answer.take(asSent(await client.sendMessage(request, options)));
  else yield* listen(client.sendMessageStream(request, options), answer, (thrown) => isBroken(thrown, invocation));
  if (!answer.hasEnded()) yield* goOn(client, answer, invocation);
}

/** The SDK loses what belongs together of a stream over HTTP+JSON 0.3, so that an answer of such a peer comes whole. */
function isStreamed({ streaming_mode, a2a: protocol }: AgentDescriptor): boolean {
  return streaming_mode !== 'static' && !(protocol?.version === '0.3' && protocol.binding === 'HTTP+JSON');
}

type Stream = AsyncIterable<{ readonly payload?: A2aSent }>;

/** What a stream says, up to its end or to a failure that may be passed over. A failure that the agent told is none of the stream's. */
async function* listen(
  stream: Stream,
  answer: A2aAnswer,
  mayPass: (thrown: unknown) => boolean,
): AsyncGenerator<AgentEvent, void> {
  for await (const { payload } of passing(stream, mayPass)) {
    yield* answer.take(payload);
    if (answer.hasEnded()) return;
  }
}

async function* passing(stream: Stream, mayPass: (thrown: unknown) => boolean): Stream & AsyncGenerator {
  try {
    yield* stream;
  } catch (thrown) {
    if (!mayPass(thrown)) throw thrown;
  }
}

/** Whether a stream ended without the agent's doing. */
function isBroken(thrown: unknown, { agent, signal }: Invocation): boolean {
  return !signal.aborted && toA2aFailure(thrown, peerOf(agent)).code === 'agent_incomplete';
}

/** The connection is gone and the task may go on: it is followed again from where it stands, or its end is read. Once. */
async function* goOn(
  client: Client,
  answer: A2aAnswer,
  { agent, signal }: Invocation,
): AsyncGenerator<AgentEvent, void> {
  const id = answer.openTask();
  const incomplete = new BatonError('agent_incomplete', `${peerOf(agent)} stopped before its task had ended.`);
  if (id === undefined) throw incomplete;
  const about = { id, tenant: '' };
  if (isStreamed(agent)) yield* listen(client.resubscribeTask(about, { signal }), answer, () => !signal.aborted);
  if (answer.hasEnded()) return;
  const task = await client.getTask({ ...about, historyLength: 0 }, { signal }).catch((cause: unknown) => {
    throw new BatonError('agent_incomplete', incomplete.message, { cause: toA2aFailure(cause, peerOf(agent)) });
  });
  yield* answer.take(asSent(task));
  if (!answer.hasEnded()) throw incomplete;
}

function asSent(result: Awaited<ReturnType<Client['sendMessage']>>): A2aSent {
  return 'messageId' in result ? { $case: 'message', value: result } : { $case: 'task', value: result };
}

/** Tells the agent that nobody waits for its task any more. Best effort: the call has its outcome already. */
async function cancelTask(invocation: Invocation, id: string | undefined): Promise<void> {
  if (id === undefined) return;
  const signal = AbortSignal.timeout(CANCEL_MS);
  try {
    const client = await openA2aClient({ ...invocation, signal });
    await client.cancelTask({ id, tenant: '', metadata: undefined }, { signal });
  } catch {
    // It has ended meanwhile, cannot be cancelled, or cannot be reached; its own limits end it then.
  }
}
