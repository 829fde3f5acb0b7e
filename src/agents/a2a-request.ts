import type { Message, Part, Role, SendMessageRequest } from '@a2a-js/sdk';
import type { AgentDescriptor } from '../contracts/agent.ts';
import type { A2aResume } from './a2a-resume.ts';
import type { AgentCall } from './call.ts';
import { fenced, fenceRule } from './fence.ts';

/** The SDK's enum is loaded with the SDK; these numbers are the protocol's own. */
const ROLE_USER: Role = 1;

/** What an answer says that has no text: parts may not be empty. */
const NO_ANSWER = 'Go on without an answer.';

const about = { metadata: undefined, filename: '' } as const;

/**
 * The message that gives an agent its task, or the answer to what it asked. Its id is the same for every attempt, `<run>.<task>` and
 * the number of answers before it, so an agent that pays heed to it does nothing twice.
 */
export function toA2aRequest(
  agent: AgentDescriptor,
  call: AgentCall,
  resume: A2aResume | undefined,
): SendMessageRequest {
  const message: Message = {
    messageId: resume === undefined ? call.idempotencyKey : `${call.idempotencyKey}.${resume.asked}`,
    contextId: resume?.context ?? call.runId,
    taskId: resume?.task ?? '',
    role: ROLE_USER,
    parts: resume === undefined ? partsOf(agent, call) : [textPart(call.answer?.text || NO_ANSWER)],
    ...{ metadata: undefined, extensions: [], referenceTaskIds: [] },
  };
  const configuration = {
    acceptedOutputModes: ['text/plain', 'text/markdown', 'application/json'],
    taskPushNotificationConfig: undefined,
    historyLength: 0,
    returnImmediately: false,
  };
  return { message, configuration, metadata: undefined, tenant: '' };
}

/** The task in words, what others made of it fenced, and, unless the agent takes words only, the whole payload as data. */
function partsOf(agent: AgentDescriptor, { payload }: AgentCall): Part[] {
  const words = textPart(wordsOf(payload));
  if (agent.payload_schema.content_type === 'text/plain') return [words];
  return [words, { content: { $case: 'data', value: payload }, mediaType: 'application/json', ...about }];
}

function textPart(value: string): Part {
  return { content: { $case: 'text', value }, mediaType: 'text/plain', ...about };
}

function wordsOf({ description, context, failed_context }: AgentCall['payload']): string {
  const results = Object.entries(context).map(([task, text]) => fenced('result', task, text));
  const failures = Object.entries(failed_context).map(([task, why]) => fenced('failure', task, why));
  const others = [...results, ...failures];
  return [description, ...(others.length === 0 ? [] : [fenceRule]), ...others].join('\n\n');
}
