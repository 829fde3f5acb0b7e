import { expect, test } from 'vitest';
import { TalkSpec } from '../contracts/talk.ts';
import { nextTalk, type Turn, utteranceIn } from './talk.ts';

const spec = (given: object = {}) => TalkSpec.parse({ agents: ['a', 'b', 'c'], ...given });
const said = (speaker: string, message: string, more: object = {}): Turn => ({
  ...{ kind: 'said', speaker, message, done: false, to: undefined },
  ...more,
});
const failed = (speaker: string, code = 'agent_failed'): Turn => ({ kind: 'failed', speaker, code, why: 'why' });

test.each([
  ['plain words', { message: 'plain words', done: false, to: undefined }],
  ['{"done": true, "message": "over"}', { message: 'over', done: true, to: undefined }],
  ['```json\n{"to": "b", "message": "hi"}\n```', { message: 'hi', done: false, to: 'b' }],
  ['{"done": "true", "message": "not quite"}', { message: 'not quite', done: false, to: undefined }],
  ['say {"done": true} when you are', { message: 'say {"done": true} when you are', done: false, to: undefined }],
  ['{"answer": 42}', { message: '{"answer": 42}', done: false, to: undefined }],
  ['{"done": true}', { message: '', done: true, to: undefined }],
  ['we are AGREED', { message: 'we are AGREED', done: true, to: undefined }],
])('the answer %j says what it says', (answer, expected) => {
  expect(utteranceIn(answer, 'AGREED')).toEqual(expected);
});

test('they speak in the order in which they are named', () => {
  expect(nextTalk(spec(), [], 1)).toEqual({ kind: 'turn', speaker: 'a' });
  expect(nextTalk(spec(), [said('a', '1'), said('b', '2'), said('c', '3')], 1)).toEqual({ kind: 'turn', speaker: 'a' });
  expect(nextTalk(spec(), [said('a', '1', { to: 'c' })], 1)).toEqual({ kind: 'turn', speaker: 'b' });
});

test('in addressed order nobody can give the word to itself or to a stranger', () => {
  const addressed = spec({ order: 'addressed' });
  expect(nextTalk(addressed, [said('a', '1', { to: 'c' })], 1)).toEqual({ kind: 'turn', speaker: 'c' });
  expect(nextTalk(addressed, [said('a', '1', { to: 'a' })], 1)).toEqual({ kind: 'turn', speaker: 'b' });
  expect(nextTalk(addressed, [said('a', '1', { to: 'x' })], 1)).toEqual({ kind: 'turn', speaker: 'b' });
});

test.each([
  ['done', [said('a', 'x', { done: true })], 1],
  ['budget', [said('a', 'x'), failed('b', 'budget_exhausted')], 1],
  ['speaker_failed', [failed('a'), said('b', 'x'), said('c', 'y'), failed('a')], 1],
  [
    'loop_detected',
    [said('a', 'x'), said('b', 'Y.'), said('c', 'z'), said('a', 'X'), said('b', 'y'), said('c', 'z')],
    1,
  ],
  ['turn_limit', Array.from({ length: 12 }, (_, n) => said('abc'[n % 3] ?? '', `${n}`)), 1],
  ['time', [said('a', 'x')], 0],
] as const)('a talk ends by %s', (ending, turns, leftMs) => {
  expect(nextTalk(spec(), turns, leftMs)).toMatchObject({ kind: 'end', ending });
});

test('one failure passes the word on', () => {
  expect(nextTalk(spec(), [failed('a')], 1)).toEqual({ kind: 'turn', speaker: 'b' });
});
