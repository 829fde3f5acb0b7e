import { BatonError, parseOr } from '../../contracts/error.ts';
import { AgentReply } from '../../contracts/payload.ts';
import { AgentAsk } from '../../contracts/question.ts';
import { type AgentCall, peerOf } from '../call.ts';
import { isAsk, toQuestion } from '../question.ts';
import { eventsOfReply } from '../reply.ts';
import { postToAgent, readAnswer } from './post.ts';
import type { Transport } from './transport.ts';

/** static without a static_response: POST to the invoke endpoint, one JSON answer: `{"response": "..."}`, or `{"question": "..."}`. */
export const invokeJson: Transport = async function* (invocation) {
  const { agent, call } = invocation;
  const body = await postToAgent(invocation, { path: agent.invoke_endpoint, accept: ['application/json'] });
  const text = await readAnswer(body, peerOf(agent));
  const json = parseJson(text, peerOf(agent));
  if (isAsk(json)) yield toQuestion(own(parseOr(AgentAsk, json, 'agent_protocol'), call, peerOf(agent)));
  else yield* eventsOfReply(own(parseOr(AgentReply, json, 'agent_protocol'), call, peerOf(agent)));
};

function own<R extends { task_id?: string | undefined }>(reply: R, call: AgentCall, peer: string): R {
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
