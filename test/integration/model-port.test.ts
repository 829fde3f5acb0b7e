import { expect, test } from 'vitest';
import { z } from 'zod';
import { type Model, noModel } from '../../src/llm/model.ts';
import { begin, chunk, openScriptedModel, refuse, say, streamOf, usage } from '../support/scripted-model.ts';

const schema = z.object({ city: z.string() });
const never = new AbortController().signal;
const messages = [
  { role: 'system' as const, content: 'You are terse.' },
  { role: 'user' as const, content: 'A city, please.' },
];

function ask(model: Model, signal = never) {
  return model.structured({ name: 'place', schema, messages, signal });
}

async function listen(model: Model, signal = never): Promise<string> {
  let text = '';
  for await (const event of model.stream({ messages, signal })) if (event.type === 'token') text += event.text;
  return text;
}

const both: readonly [string, (model: Model) => Promise<unknown>][] = [
  ['structured', ask],
  ['stream', listen],
];

test('structured output is asked for by a strict JSON schema, and comes back as a value with usage', async () => {
  await using server = await openScriptedModel([say('{"city":"Bern"}')]);
  expect(await ask(server.model)).toEqual({ ok: true, value: { city: 'Bern' }, usage, text: '{"city":"Bern"}' });
  expect(server.asked()[0]).toMatchObject({
    model: 'scripted',
    temperature: 0.2,
    messages,
    response_format: { type: 'json_schema', json_schema: { name: 'place', strict: true } },
  });
});

test("a server of one's own needs no key: a placeholder is sent", async () => {
  await using server = await openScriptedModel([say('{"city":"Bern"}')]);
  await ask(server.model);
  expect(server.received[0]?.headers.authorization).toBe('Bearer no-key-needed');
});

test.each([
  ['text that is no JSON', say('Bern!'), /not valid JSON/],
  ['another schema', say('{"town":"Bern"}'), /^city: /],
  ['nothing', say(''), /empty/],
  ['a cut text', say('{"city":"Be', { finish_reason: 'length' }), /cut off/],
  ['a refusal', say(null, { refusal: 'No.' }), /refused: No\./],
])('%s is a value with complaints, after one request', async (_, answer, complaint) => {
  await using server = await openScriptedModel([answer]);
  expect(await ask(server.model)).toMatchObject({ ok: false, complaints: [expect.stringMatching(complaint)], usage });
  expect(server.asked()).toHaveLength(1);
});

test('a server that rejects json_schema is asked for json_object with the schema in the prompt, from then on', async () => {
  const reject = refuse(400, "'response_format.type' must be 'text' or 'json_object'");
  await using server = await openScriptedModel([reject, say('{"city":"Bern"}')]);
  expect(await ask(server.model)).toMatchObject({ ok: true, value: { city: 'Bern' } });
  expect(await ask(server.model)).toMatchObject({ ok: true });
  const formats = server.asked().map((body) => body.response_format);
  expect(formats).toMatchObject([{ type: 'json_schema' }, { type: 'json_object' }, { type: 'json_object' }]);
  expect(JSON.stringify(server.asked()[1]?.messages)).toMatch(/JSON schema.*city/);
});

test('a model that takes no temperature is asked without one', async () => {
  const reject = refuse(400, "Unsupported value: 'temperature' does not support 0.2 with this model.");
  await using server = await openScriptedModel([reject, streamOf([chunk('Bern', 'stop')])]);
  expect(await listen(server.model)).toBe('Bern');
  expect(server.asked().map((body) => 'temperature' in body)).toEqual([true, false]);
});

test('a stream gives its tokens as they were sent, then one end with usage and reason', async () => {
  const chunks = [chunk('Be'), chunk(' rn '), chunk('', 'stop'), { ...Object(chunk('')), choices: [], usage }];
  await using server = await openScriptedModel([streamOf(chunks)]);
  const events = await Array.fromAsync(server.model.stream({ messages, signal: never, maxTokens: 50 }));
  expect(events).toEqual([
    { type: 'token', text: 'Be' },
    { type: 'token', text: ' rn ' },
    { type: 'end', usage, finishReason: 'stop' },
  ]);
  expect(server.asked()[0]).toMatchObject({ stream: true, stream_options: { include_usage: true }, max_tokens: 50 });
});

test('a stream without usage ends with null, never with zeros', async () => {
  await using server = await openScriptedModel([streamOf([chunk('Bern', 'length')])]);
  const events = await Array.fromAsync(server.model.stream({ messages, signal: never }));
  expect(events.at(-1)).toEqual({ type: 'end', usage: null, finishReason: 'length' });
});

test('tokens arrive while the server still writes', async () => {
  await using server = await openScriptedModel([(response) => begin(response, [chunk('first')])]);
  const stream = server.model.stream({ messages, signal: never })[Symbol.asyncIterator]();
  expect(await stream.next()).toMatchObject({ value: { text: 'first' } });
  await stream.return?.();
  await server.received[0]?.closed;
});

test('a stream that ends before it is done, or breaks, or holds no chunks, is a model that does not answer', async () => {
  const cases = [
    streamOf([chunk('Be')]),
    streamOf([{ hello: 'world', choices: 'none' }]),
    streamOf([{ error: { message: 'overloaded' } }]),
    (response: Parameters<ReturnType<typeof streamOf>>[0]) => {
      begin(response, [chunk('Be')]);
      setImmediate(() => response.destroy());
    },
  ];
  for (const answer of cases) {
    await using server = await openScriptedModel([answer]);
    await expect(listen(server.model)).rejects.toMatchObject({ name: 'BatonError', code: 'model_unavailable' });
  }
});

test.each([
  [500, 'model_unavailable', true],
  [503, 'model_unavailable', true],
  [429, 'model_unavailable', true],
  [408, 'model_unavailable', true],
  [401, 'model_rejected', false],
  [404, 'model_rejected', false],
  [400, 'model_rejected', false],
])('HTTP %i is %s, after one request', async (status, code, retryable) => {
  for (const [, call] of both) {
    await using server = await openScriptedModel([refuse(status, 'the secret is sk-123')]);
    const thrown = await call(server.model).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code, retryable, message: expect.stringContaining(`HTTP ${status}`) });
    expect(String(thrown)).not.toContain('sk-123');
    expect(server.asked()).toHaveLength(1);
  }
});

test('a server that is not there is a model that does not answer', async () => {
  const server = await openScriptedModel([say('')]);
  await server[Symbol.asyncDispose]();
  for (const [, call] of both) await expect(call(server.model)).rejects.toMatchObject({ code: 'model_unavailable' });
});

test('a silent server is given up after the time limit, before the headers and between two chunks', async () => {
  const silent = () => undefined;
  for (const [answer, call] of [
    [silent, ask],
    [silent, listen],
    [(response: Parameters<ReturnType<typeof streamOf>>[0]) => begin(response, [chunk('Be')]), listen],
  ] as const) {
    await using server = await openScriptedModel([answer], { timeoutMs: 100 });
    await expect(call(server.model)).rejects.toMatchObject({
      code: 'model_unavailable',
      message: expect.stringContaining('sent nothing'),
    });
    await server.received[0]?.closed;
  }
});

test("a slow reader is not the model's silence", async () => {
  await using server = await openScriptedModel([streamOf([chunk('a'), chunk('b', 'stop')])], { timeoutMs: 100 });
  const events = [];
  for await (const event of server.model.stream({ messages, signal: never })) {
    events.push(event.type);
    const held = performance.now() + 150;
    await expect.poll(() => performance.now()).toBeGreaterThan(held);
  }
  expect(events).toEqual(['token', 'token', 'end']);
});

test.each(both)('an abort ends %s with the reason of its signal, and closes the connection', async (name) => {
  const answer = (response: Parameters<ReturnType<typeof streamOf>>[0]) => {
    if (name === 'stream') begin(response, [chunk('Be')]);
    controller.abort(reason);
  };
  const controller = new AbortController();
  const reason = new Error('the run was cancelled');
  await using server = await openScriptedModel([answer]);
  const call = name === 'stream' ? listen(server.model, controller.signal) : ask(server.model, controller.signal);
  await expect(call).rejects.toBe(reason);
  await server.received[0]?.closed;
});

test('a signal that is aborted already asks nobody', async () => {
  await using server = await openScriptedModel([say('{"city":"Bern"}')]);
  const reason = new Error('too late');
  await expect(ask(server.model, AbortSignal.abort(reason))).rejects.toBe(reason);
  await expect(listen(server.model, AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(server.asked()).toHaveLength(0);
});

test('without a model every call says what to set', async () => {
  for (const [, call] of both) {
    await expect(call(noModel())).rejects.toMatchObject({
      code: 'model_not_configured',
      message: expect.stringMatching(/OPENAI_API_KEY.*OPENAI_BASE_URL/),
    });
  }
});
