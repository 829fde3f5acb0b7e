import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BatonError } from '../contracts/error.ts';
import type { AgentEvent } from './call.ts';
import { encodeFrame, type PlainFrame, parseFrame } from './frame.ts';

const parse = (data: string, plain: PlainFrame = 'token') =>
  parseFrame(data, { plain, taskId: 't1', peer: 'The agent "a"' });

function errorOf(data: string): BatonError {
  try {
    parse(data);
  } catch (thrown) {
    return BatonError.from(thrown);
  }
  throw new Error('expected an error');
}

test('any event survives its frame, which is one line', () => {
  // Any UTF-16 units, halves of pairs too.
  const text = fc
    .array(fc.integer({ min: 0, max: 0xffff }), { minLength: 1 })
    .map((units) => String.fromCharCode(...units));
  const spoken = fc.record({ type: fc.constantFrom('token' as const, 'message' as const, 'status' as const), text });
  const done = fc.record({
    type: fc.constant('done' as const),
    confidence: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    usage: fc.constant(null),
    truncated: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.oneof(spoken, done),
      fc.constantFrom('token' as const, 'message' as const),
      (event: AgentEvent, plain) => {
        const frame = encodeFrame(event);
        expect(frame).not.toMatch(/[\r\n]/);
        expect(parse(frame, plain)).toEqual(event);
      },
    ),
  );
});

test('text that is no JSON object is text, to the last space', () => {
  const bare = fc
    .string({ minLength: 1 })
    .filter((data) => !data.trimStart().startsWith('{') && data.trim() !== '[DONE]');
  fc.assert(
    fc.property(bare, (data) => {
      expect(parse(data)).toEqual({ type: 'token', text: data });
    }),
  );
});

test('a frame without a type is what the mode says', () => {
  expect(parse('{"content":"x"}', 'message')).toEqual({ type: 'message', text: 'x' });
  expect(parse('{"content":"x"}', 'token')).toEqual({ type: 'token', text: 'x' });
  expect(parse('{"type":"token","content":"x"}', 'message')).toEqual({ type: 'token', text: 'x' });
});

test.each(['', '{"type":"token","token":""}', '{"type":"ping"}'])(
  'a frame that says nothing (%s) is no event',
  (data) => {
    expect(parse(data)).toBeNull();
  },
);

test.each([
  ['{"type":"error","error":"a"}', 'a'],
  ['{"type":"error","error":{"message":"b"}}', 'b'],
  ['{"type":"error","message":"c"}', 'c'],
  ['{"type":"error","content":"d"}', 'd'],
  ['{"type":"error"}', 'an error without a text'],
])('an error frame %s fails with its own words', (data, words) => {
  expect(errorOf(data)).toMatchObject({ code: 'agent_failed', message: `The agent "a" reported: ${words}` });
});

test('a frame for another task is refused', () => {
  expect(errorOf('{"type":"token","token":"x","task_id":"t2"}').code).toBe('agent_protocol');
  expect(parse('{"type":"token","token":"x","task_id":"t1"}')).toEqual({ type: 'token', text: 'x' });
});
