// The transports over HTTP, as the shared suites call them: their agents, and how a good answer looks on the wire.
import type { HttpHarness } from './http-transport-suite.ts';

const frames = (texts: readonly string[], frame: (text: string) => object): string =>
  texts.map((text) => `data: ${JSON.stringify(frame(text))}\n\n`).join('');

const sse = {
  path: '/stream',
  contentType: 'text/event-stream',
  drip: ': still here\n',
  single: false,
  fail: (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end('data: {"type":"error","error":"the oven is cold"}\n\n');
  },
} as const satisfies Partial<HttpHarness>;

export const tokens: HttpHarness = {
  ...sse,
  name: 'token-sse',
  says: 'token',
  mode: 'dynamic_events',
  start: (texts) => frames(texts, (token) => ({ token, type: 'token' })),
  good: (texts) => `${tokens.start(texts)}data: {"type":"done"}\n\n`,
};

export const messages: HttpHarness = {
  ...sse,
  name: 'message-sse',
  says: 'message',
  mode: 'dynamic_messages',
  start: (texts) => frames(texts, (content) => ({ role: 'assistant', content })),
  good: (texts) => `${messages.start(texts)}data: {"type":"done"}\n\n`,
};

export const json: HttpHarness = {
  name: 'invoke-json',
  path: '/invoke',
  contentType: 'application/json',
  drip: ' ',
  single: true,
  says: 'message',
  mode: 'static',
  start: () => '{"respon',
  good: (texts) => JSON.stringify({ response: texts.join('') }),
  fail: (response) => {
    response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":"the oven is cold"}');
  },
};

const lines = (texts: readonly string[], frame: (text: string) => object): string =>
  texts.map((text) => `${JSON.stringify(frame(text))}\n`).join('');

const ndjson = {
  path: '/stream',
  contentType: 'application/x-ndjson',
  single: false,
  drip: '\n',
  fields: { stream_format: 'ndjson' },
  fail: (response) =>
    void response
      .writeHead(200, { 'content-type': 'application/x-ndjson' })
      .end('{"type":"error","error":"the oven is cold"}\n'),
} as const satisfies Partial<HttpHarness>;

export const lineTokens: HttpHarness = {
  ...ndjson,
  name: 'ndjson (tokens)',
  says: 'token',
  mode: 'dynamic_events',
  start: (texts) => lines(texts, (token) => ({ token, type: 'token' })),
  good: (texts) => `${lineTokens.start(texts)}{"type":"done"}\n`,
};
export const lineMessages: HttpHarness = {
  ...ndjson,
  name: 'ndjson (messages)',
  says: 'message',
  mode: 'dynamic_messages',
  start: (texts) => lines(texts, (content) => ({ role: 'assistant', content })),
  good: (texts) => `${lineMessages.start(texts)}{"type":"done"}\n`,
};

/** A chunk of Chat Completions, as an SSE event, and a whole answer. */
export const chunk = (delta: object, finish_reason: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
export const whole = (message: object, finish_reason = 'stop', rest: object = {}): string =>
  JSON.stringify({
    id: 'c1',
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason }],
    ...rest,
  });

const asked = [{ role: 'user', content: 'Say it.\n\n<input name="query">\nit\n</input>' }];
const openai = {
  path: '/chat/completions',
  fields: { transport: 'openai', openai: { model: 'm1' } },
  namesTask: false,
} as const satisfies Partial<HttpHarness>;

export const chatStream: HttpHarness = {
  ...openai,
  name: 'openai (stream)',
  says: 'token',
  single: false,
  mode: 'dynamic_events',
  contentType: 'text/event-stream',
  drip: ': still here\n',
  sent: { model: 'm1', messages: asked, stream: true, stream_options: { include_usage: true } },
  start: (texts) => texts.map((content) => chunk({ content })).join(''),
  good: (texts) =>
    `${chunk({ role: 'assistant', content: '' })}${chatStream.start(texts)}${chunk({}, 'stop')}data: [DONE]\n\n`,
  fail: (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end('data: {"error":{"message":"the oven is cold","type":"server_error"}}\n\n');
  },
};
export const chatWhole: HttpHarness = {
  ...openai,
  name: 'openai (whole)',
  says: 'message',
  single: true,
  mode: 'static',
  contentType: 'application/json',
  drip: ' ',
  sent: { model: 'm1', messages: asked, stream: false },
  start: () => '{"cho',
  good: (texts) => whole({ content: texts.join('') }),
  fail: (response) => {
    response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"the oven is cold"}}');
  },
};
