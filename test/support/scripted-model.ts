import type { ServerResponse } from 'node:http';
import { type Model, openModel } from '../../src/llm/model.ts';
import { openHttp } from '../../src/outbound/http.ts';
import { openScriptedServer, type Received } from './scripted-server.ts';

export type ModelAnswer = (response: ServerResponse, body: Record<string, unknown>) => void;

/** A model port on a server that gives one answer after another, the last one again and again. */
export type ScriptedModel = Readonly<{
  model: Model;
  /** The settings of a worker that is to use it. */
  env: Readonly<Record<string, string>>;
  /** The next request that has not been awaited yet. */
  next(): Promise<Received>;
  /** Bodies of the requests so far. */
  asked(): readonly Record<string, unknown>[];
  received: readonly Received[];
  [Symbol.asyncDispose](): Promise<void>;
}>;

export async function openScriptedModel(
  answers: readonly ModelAnswer[],
  options: { readonly timeoutMs?: number; readonly apiKey?: string | null } = {},
): Promise<ScriptedModel> {
  let calls = 0;
  const server = await openScriptedServer((response, { body }) => {
    const answer = answers[Math.min(calls, answers.length - 1)];
    calls += 1;
    answer?.(response, JSON.parse(body));
  });
  const http = openHttp({ policy: 'operator' });
  const { timeoutMs = 5_000, apiKey = null } = options;
  const model = openModel({
    apiKey,
    baseUrl: `${server.url}/v1`,
    name: 'scripted',
    offline: false,
    temperature: 0.2,
    timeoutMs,
    fetch: http.fetch,
  });
  return {
    model,
    env: { OPENAI_BASE_URL: `${server.url}/v1` },
    next: server.next,
    asked: () => server.received.map(({ body }) => JSON.parse(body)),
    received: server.received,
    [Symbol.asyncDispose]: async () => {
      await http.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

export const usage = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 };

/** An error of the form that OpenAI sends. */
export function refuse(status: number, message: string): ModelAnswer {
  return (response) => sendJson(response, status, { error: { message, type: 'x', param: null, code: null } });
}

/** No answer, ever. */
export const silence: ModelAnswer = () => undefined;

/** One whole completion. */
export function say(content: string | null, rest: { finish_reason?: string; refusal?: string } = {}): ModelAnswer {
  const { finish_reason = 'stop', refusal = null } = rest;
  const choices = [{ index: 0, finish_reason, message: { role: 'assistant', content, refusal } }];
  return (response) =>
    sendJson(response, 200, { id: 'c', object: 'chat.completion', created: 1, model: 'scripted', choices, usage });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** A chunk of a streamed completion. */
export function chunk(content: string, finish_reason: string | null = null): unknown {
  return {
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'scripted',
    choices: [{ index: 0, delta: { content }, finish_reason }],
  };
}

/** The chunk that ends a stream with what it cost. */
export const usageChunk = { ...(chunk('') as object), choices: [], usage };

/** Begins a stream with some chunks and leaves it open. */
export function begin(response: ServerResponse, chunks: readonly unknown[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const each of chunks) response.write(`data: ${JSON.stringify(each)}\n\n`);
}

/** A whole stream. */
export function streamOf(chunks: readonly unknown[]): ModelAnswer {
  return (response) => {
    begin(response, chunks);
    response.end('data: [DONE]\n\n');
  };
}
