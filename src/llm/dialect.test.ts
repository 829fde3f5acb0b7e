import { APIError } from 'openai';
import { expect, test } from 'vitest';
import { fullDialect, learn } from './dialect.ts';

function rejection(message: string, status = 400): APIError {
  return APIError.generate(status, { error: { message } }, undefined, new Headers());
}

test.each([
  ["'response_format.type' must be 'text' or 'json_object'", { format: 'json_object' }],
  ['json_schema is not supported by this model', { format: 'json_object' }],
  ["Unsupported value: 'temperature' does not support 0.2 with this model.", { temperature: false }],
  [
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    { tokenField: 'max_completion_tokens' },
  ],
  ['Extra inputs are not permitted: stream_options', { streamUsage: false }],
])('"%s" teaches one thing', (message, lesson) => {
  expect(learn(fullDialect, rejection(message))).toEqual({ ...fullDialect, ...lesson });
});

test('a server that knows no response_format at all ends with plain text, and there the lessons end', () => {
  const objects = learn(fullDialect, rejection('unknown field response_format'));
  const text = objects && learn(objects, rejection('unknown field response_format'));
  expect(text?.format).toBe('text');
  expect(text && learn(text, rejection('unknown field response_format'))).toBeNull();
});

test.each([
  ['a request that is too long', rejection("This model's maximum context length is 8192 tokens.")],
  ['a wrong key', rejection('Incorrect API key; response_format', 401)],
  ['a server in trouble', rejection('response_format worker died', 500)],
  ['an error of another kind', new TypeError('response_format')],
])('%s teaches nothing', (_, thrown) => {
  expect(learn(fullDialect, thrown)).toBeNull();
});
