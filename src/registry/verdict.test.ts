import { expect, test } from 'vitest';
import { judge, type Verdict } from './verdict.ts';

/** What is held after each answer: `+` good, `-` bad. */
function heldAfter(answers: string, before?: Verdict): string {
  let verdict = before;
  return [...answers]
    .map((answer) => {
      verdict = judge(verdict, answer === '+');
      return verdict.serving ? '+' : '-';
    })
    .join('');
}
const up: Verdict = { serving: true, contrary: 0 };
const down: Verdict = { serving: false, contrary: 0 };

test('the first answer decides about an agent that nobody has asked before', () => {
  expect([heldAfter('+'), heldAfter('-')]).toEqual(['+', '-']);
});

test('an agent falls with the third bad answer in a row and rises with the second good one', () => {
  expect(heldAfter('---', up)).toBe('++-');
  expect(heldAfter('++', down)).toBe('-+');
});

test('an agent that flaps stays what it is held for', () => {
  expect(heldAfter('-+-+--+--+', up)).toBe('++++++++++');
  expect(heldAfter('+-+-+--+-', down)).toBe('---------');
});
