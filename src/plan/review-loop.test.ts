import { expect, test } from 'vitest';
import { ReviewVerdict } from '../contracts/review.ts';
import { goesRound, judgedForm } from './review-loop.ts';

const form = (text: string, feedback: string) =>
  judgedForm([text], ReviewVerdict.parse({ acceptable: false, feedback, score: Math.random() }));

test('the same text with the same feedback goes round, whatever the score', () => {
  expect(goesRound([form('draft', 'say more'), form('Draft.', 'Say more!')])).toBe(true);
});

test('a new text or new feedback is progress', () => {
  expect(goesRound([form('draft', 'say more')])).toBe(false);
  expect(goesRound([form('draft', 'say more'), form('draft 2', 'say more')])).toBe(false);
  expect(goesRound([form('draft', 'say more'), form('draft', 'say less')])).toBe(false);
});

test('two versions to and fro go round', () => {
  const [long, short] = [form('long', 'shorter'), form('short', 'longer')];
  expect(goesRound([long, short, long])).toBe(false);
  expect(goesRound([long, short, long, short])).toBe(true);
});
