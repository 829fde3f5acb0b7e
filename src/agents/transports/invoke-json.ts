import { BatonError, parseOr } from '../../contracts/error.ts';
import { AgentReply } from '../../contracts/payload.ts';
import { type AgentCall, peerOf } from '../call.ts';
import { eventsOfReply } from '../reply.ts';
import { postToAgent, readAnswer } from './post.ts';
import type { Transport } from './transport.ts';

/** static without a static_response: POST to the invoke endpoint, one JSON answer: `{"response": "..."}`. */
export const invokeJson: Transport = async function* (invocation) {
  const { agent, call } = invocation;
  const body = await postToAgent(invocation, { path: agent.invoke_endpoint, accept: 'application/json' });
  const text = await readAnswer(body, peerOf(agent));
  yield* eventsOfReply(parseReply(text, call, peerOf(agent)));
};

function parseReply(text: string, call: AgentCall, peer: string): AgentReply {
  const reply = parseOr(AgentReply, parseJson(text, peer), 'agent_protocol');
  if (reply.task_id === undefined || reply.task_id === call.taskId) return reply;
  throw new BatonError('agent_protocol', `${peer} answered for another task than it was asked for.`);
}

function parseJson(text: string, peer: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BatonError('agent_protocol', `${peer} did not answer in valid JSON.`, { cause });
  }
}
