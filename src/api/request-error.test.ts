import { expect, test } from 'vitest';
import { BatonError } from '../contracts/error.ts';
import { toRequestError } from './request-error.ts';

function error(message: string, fields: object = {}): Error {
  return Object.assign(new Error(message), fields);
}

test.each([
  ['a body that is no JSON', error('x', { type: 'entity.parse.failed', status: 400 }), 'invalid_json'],
  ['a body that broke off', error('x', { type: 'request.aborted', status: 400 }), 'invalid_json'],
  ['a body that is too large', error('x', { type: 'entity.too.large', status: 413 }), 'body_too_large'],
  ['a compressed body', error('x', { type: 'encoding.unsupported', status: 415 }), 'unsupported_media_type'],
  ['a body in another charset', error('x', { type: 'charset.unsupported', status: 415 }), 'unsupported_media_type'],
  ['a path that is no percent-encoding', Object.assign(new URIError('x'), { status: 400 }), 'not_found'],
  ['too many tries', error('x', { name: 'MaxRetriesPerRequestError' }), 'store_unavailable'],
  ['a command without an answer', error('Command timed out'), 'store_unavailable'],
  ['a closed connection', error('Connection is closed.'), 'store_unavailable'],
  ['a refused connection', error('connect', { code: 'ECONNREFUSED' }), 'store_unavailable'],
  ['a Redis that loads', error('LOADING Redis is loading', { name: 'ReplyError' }), 'store_unavailable'],
  [
    'a full Redis',
    error("OOM command not allowed when used memory > 'maxmemory'", { name: 'ReplyError' }),
    'store_full',
  ],
  ['a wrong command', error('ERR unknown command', { name: 'ReplyError' }), 'internal'],
  ['a bug', new TypeError('x is undefined'), 'internal'],
  ['something that is no error', 'text', 'internal'],
] as const)('%s', (_what, thrown, code) => {
  const converted = toRequestError(thrown);
  expect(converted.code).toBe(code);
  expect(converted.cause).toBe(thrown);
});

test('our own errors pass unchanged', () => {
  const own = new BatonError('run_not_found');
  expect(toRequestError(own)).toBe(own);
});

test('a full Redis is told as full, not as away', () => {
  const full = error("OOM command not allowed when used memory > 'maxmemory'.", { name: 'ReplyError' });
  expect(toRequestError(full).message).toMatch(/^Redis is full/);
});
