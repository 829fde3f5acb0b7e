// A stand-in for a language model: a real server that speaks the OpenAI protocol and answers by rules.
import { type ChatCompletionRequest, LLMock, type TextResponse } from '@copilotkit/aimock';
import { planByKeywords } from './keyword-planner.ts';
import { answerRequest } from './offline-answers.ts';
import { answerInRole } from './offline-roles.ts';
import { strategyAnswer } from './offline-strategies.ts';
import { synthesize } from './offline-synthesis.ts';
import { readRequest } from './request-prompt.ts';
import { readRoleTask } from './role-prompt.ts';

/** The offline model, serving. */
export type OfflineModel = {
  /** Base URL for openModel; ends in /v1. */
  readonly url: string;
  /** Frees the port after the answers that are under way. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Small and quick: a stream is visible as one, and the whole demo stays well under five seconds. */
const CHUNK_CHARS = 12;
const CHUNK_LATENCY_MS = 2;
const JOURNAL_ENTRIES = 20;

export type OfflineModelOptions = {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Listen address; 127.0.0.1 by default. */
  readonly host?: string;
};

/** Serves the offline model. Plans, merges results and writes short texts, each marked as its own. */
export async function openOfflineModel({
  port = 0,
  host = '127.0.0.1',
}: OfflineModelOptions = {}): Promise<OfflineModel> {
  const server = new LLMock({
    host,
    port,
    logLevel: 'silent',
    strict: true,
    chunkSize: CHUNK_CHARS,
    latency: CHUNK_LATENCY_MS,
    journalMaxEntries: JOURNAL_ENTRIES,
  });
  server.on({ endpoint: 'chat' }, (request) => withUsage(request, answerOf(request)));
  await server.start();
  const close = () => server.stop();
  return { url: `${server.url}/v1`, close, [Symbol.asyncDispose]: close };
}

function answerOf(request: ChatCompletionRequest): string {
  const prompt = textsOf(request, 'user');
  const query = /^User query:\n([\s\S]*)$/.exec(prompt[0] ?? '')?.[1];
  if (query !== undefined && request.response_format !== undefined)
    return strategyAnswer(formOf(request), query, textsOf(request, 'system')[0] ?? '') ?? planJson(query);
  if (formOf(request) === 'plan_patch') return noPatch;
  const last = prompt.at(-1) ?? '';
  const role = readRoleTask(textsOf(request, 'system')[0] ?? '', last);
  if (role !== null) return answerInRole(role);
  return synthesize(last) ?? answerRequest(readRequest(last));
}

/** A plan is changed by somebody who understands what has failed (src/orchestrator/planner/propose-patch.ts). */
const noPatch = JSON.stringify({
  reason: 'a plan cannot be changed without a language model',
  add_tasks: [],
  supersede_pending: [],
});

/** The name of the form that is asked for; empty when the request does not say. */
function formOf({ response_format }: ChatCompletionRequest): string {
  const { name } = Object(Object(response_format).json_schema);
  return typeof name === 'string' ? name : '';
}

/** The planner's draft: named values in place of a record (src/orchestrator/planner). */
function planJson(query: string): string {
  const { reasoning, sub_tasks } = planByKeywords(query);
  const tasks = sub_tasks.map((task) => ({
    ...task,
    input_data: Object.entries(task.input_data).map(([name, value]) => ({ name, value })),
  }));
  return JSON.stringify({ reasoning, sub_tasks: tasks });
}

function textsOf(request: ChatCompletionRequest, role: string): readonly string[] {
  return request.messages
    .filter((message) => message.role === role)
    .map(({ content }) => {
      if (typeof content === 'string') return content;
      return (content ?? []).map((part) => part.text ?? '').join('');
    });
}

/** Four characters are about one token of English text. */
function withUsage(request: ChatCompletionRequest, content: string): TextResponse {
  const asked = request.messages.reduce((sum, message) => sum + JSON.stringify(message.content).length, 0);
  const prompt_tokens = Math.ceil(asked / 4);
  const completion_tokens = Math.ceil(content.length / 4);
  return { content, usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens } };
}
