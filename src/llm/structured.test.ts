import { expect, test } from 'vitest';
import { z } from 'zod';
import { fullDialect } from './dialect.ts';
import { readStructured, structuredBody } from './structured.ts';

const schema = z.object({ city: z.string(), size: z.number() });
const signal = new AbortController().signal;

function answer(content: string | null, rest: { finish_reason?: string; refusal?: string } = {}) {
  return {
    choices: [{ finish_reason: rest.finish_reason ?? 'stop', message: { content, refusal: rest.refusal } }],
    usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 },
  };
}

test('a value of the schema comes with the usage that the server counted', () => {
  expect(readStructured(answer('{"city":"Bern","size":9}'), schema)).toEqual({
    ok: true,
    value: { city: 'Bern', size: 9 },
    usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 },
    text: '{"city":"Bern","size":9}',
  });
});

test('a Markdown fence around the JSON is taken off', () => {
  expect(readStructured(answer('```json\n{"city":"Bern","size":9}\n```'), schema).ok).toBe(true);
});

test.each([
  ['text that is no JSON', answer('Sure! Here it is'), /^the answer is not valid JSON: /],
  ['half a JSON text', answer('{"city":"Be'), /^the answer is not valid JSON: /],
  ['a missing field', answer('{"city":"Bern"}'), /^size: /],
  ['a field of another type', answer('{"city":"Bern","size":"big"}'), /^size: /],
  ['an empty answer', answer(''), /^the answer is empty$/],
  ['no content at all', answer(null), /^the answer is empty$/],
  ['a cut answer, even when it parses', answer('{"city":"Bern","size":9}', { finish_reason: 'length' }), /cut off/],
  ['a withheld answer', answer('', { finish_reason: 'content_filter' }), /content filter/],
  ['a refusal', answer(null, { refusal: 'I cannot help with that.' }), /refused: I cannot help with that/],
])('%s is a complaint that says what was wrong, not an exception', (_, given, complaint) => {
  const read = readStructured(given, schema);
  expect(read.ok ? [] : read.complaints).toEqual([expect.stringMatching(complaint)]);
});

test('what is no chat completion at all is a model that does not answer', () => {
  expect(() => readStructured({ hello: 'world' }, schema)).toThrow(
    expect.objectContaining({ code: 'model_unavailable' }),
  );
});

test('a server without json_schema is told the schema in its one system message', () => {
  const messages = [
    { role: 'system' as const, content: 'You are terse.' },
    { role: 'user' as const, content: 'Go.' },
  ];
  const body = structuredBody({ name: 'place', schema, messages, signal }, { ...fullDialect, format: 'json_object' });
  expect(body.response_format).toEqual({ type: 'json_object' });
  expect(body.messages.map((message) => message.role)).toEqual(['system', 'user']);
  expect(body.messages[0]?.content).toMatch(/^You are terse\.[\s\S]*"city"/);
});
