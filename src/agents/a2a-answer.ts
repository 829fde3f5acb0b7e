import type { StreamResponse, TaskStatus } from '@a2a-js/sdk';
import { BatonError } from '../contracts/error.ts';
import { limits } from '../contracts/limits.ts';
import { type Artifacts, openArtifacts } from './a2a-artifacts.ts';
import { type A2aResume, encodeResume } from './a2a-resume.ts';
import { failureOf, stageOf } from './a2a-stage.ts';
import { textOf } from './a2a-text.ts';
import { type AgentEvent, plainDone } from './call.ts';

export type A2aSent = StreamResponse['payload'];

export type A2aAnswerOptions = Readonly<{
  /** The context that the task was sent in. */
  context: string;
  /** What this call goes on with; undefined for a new task. */
  resume: A2aResume | undefined;
  as: 'token' | 'message';
  /** Characters of one artifact. */
  maxChars: number;
  peer: string;
}>;

/** What an A2A agent says in one call, as events. */
export type A2aAnswer = Readonly<{
  /**
   * The events of one thing the agent sent; a `done` or `question` among them is the last. Throws how the task ended when it did not
   * end well, and agent_protocol for what belongs to another task or context.
   */
  take(sent: A2aSent): readonly AgentEvent[];
  /** The agent's task, once it is known and as long as it goes on. */
  openTask(): string | undefined;
  hasEnded(): boolean;
}>;

/** What is known so far. `task` is undefined until the agent has named it. */
type Reading = A2aAnswerOptions & { readonly artifacts: Artifacts; task: string | undefined; ended: boolean };

/** Opens the answer to one call. Holds nothing to close. */
export function openA2aAnswer(options: A2aAnswerOptions): A2aAnswer {
  const reading: Reading = { ...options, artifacts: openArtifacts(options), task: options.resume?.task, ended: false };
  return {
    take: (sent) => take(reading, sent),
    openTask: () => (reading.ended ? undefined : reading.task),
    hasEnded: () => reading.ended,
  };
}

function take(reading: Reading, sent: A2aSent): readonly AgentEvent[] {
  switch (sent?.$case) {
    case 'message':
      check(reading, sent.value);
      return end(reading, [...wholeText(textOf(sent.value)), plainDone]);
    case 'task': {
      const { id, contextId, artifacts, status } = sent.value;
      check(reading, { taskId: id, contextId });
      return [...reading.artifacts.compare(artifacts), ...follow(reading, status)];
    }
    case 'statusUpdate':
      check(reading, sent.value);
      return follow(reading, sent.value.status);
    case 'artifactUpdate': {
      check(reading, sent.value);
      const { artifact, append, lastChunk: last } = sent.value;
      return artifact === undefined ? [] : reading.artifacts.add(artifact, { append, last });
    }
    case undefined:
      throw new BatonError('agent_protocol', `${reading.peer} sent neither a task nor a message.`);
    default:
      return sent satisfies never;
  }
}

/** A bare message may name no task, and a task is named by the agent, once. */
function check(reading: Reading, { taskId, contextId }: { readonly taskId: string; readonly contextId: string }): void {
  if (taskId !== '') reading.task ??= taskId;
  if ((taskId === '' || taskId === reading.task) && (contextId === '' || contextId === reading.context)) return;
  throw new BatonError('agent_protocol', `${reading.peer} answered for another task or context than ours.`);
}

function follow(reading: Reading, status: TaskStatus | undefined): readonly AgentEvent[] {
  if (status === undefined) return [];
  const stage = stageOf(status, reading.peer);
  switch (stage) {
    case 'open':
      return remark(textOf(status.message));
    case 'completed':
      return complete(reading, textOf(status.message));
    case 'input':
    case 'auth':
      return ask(reading, stage, status);
    case 'failed':
    case 'canceled':
    case 'rejected':
      reading.ended = true;
      throw failureOf(stage, status, reading.peer);
    default:
      return stage satisfies never;
  }
}

/** The artifacts are the answer; where there are none, the last word is. */
function complete(reading: Reading, lastWord: string): readonly AgentEvent[] {
  const rest = reading.artifacts.rest();
  const said = reading.artifacts.hasSpoken() ? [...rest, ...remark(lastWord)] : wholeText(lastWord);
  return end(reading, [...said, plainDone]);
}

function ask(reading: Reading, kind: 'input' | 'auth', { message, timestamp }: TaskStatus): readonly AgentEvent[] {
  const { task = '', context, resume, peer, artifacts } = reading;
  const mark = message?.messageId || (timestamp ?? '');
  if (mark === resume?.mark) return []; // the question that this call answers
  const text = textOf(message) || 'The agent does not say what it asks for.';
  if (text.length > limits.outputChars)
    throw new BatonError('output_too_large', `${peer} asked in more than ${limits.outputChars} characters.`);
  const here = encodeResume({ task, context, mark, asked: (resume?.asked ?? 0) + 1 }, peer);
  return end(reading, [...artifacts.rest(), { type: 'question', kind, text, resume: here, usage: null }]);
}

function end(reading: Reading, events: readonly AgentEvent[]): readonly AgentEvent[] {
  reading.ended = true;
  return events;
}

function wholeText(text: string): readonly AgentEvent[] {
  return text === '' ? [] : [{ type: 'message', text }];
}

function remark(text: string): readonly AgentEvent[] {
  return text === '' ? [] : [{ type: 'status', text }];
}
