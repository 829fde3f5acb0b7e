import fc from 'fast-check';
import { expect, test } from 'vitest';
import { normalisedAnswer } from './answer-form.ts';
import { type Ballot, countBallots, majorityOf } from './vote.ts';

const ballot = (voter: string, answer: string, quality = 0.5): Ballot => ({ voter, answer, quality });
const all = (ballots: readonly Ballot[], quorum = majorityOf(ballots.length)) =>
  countBallots({ ballots, outstanding: 0, quorum });

test.each([
  ['Paris', ' paris. '],
  ['{"a": 1, "b": [1, 2.0]}', '{ "b":[1.0,2], "a":1.0 }'],
  ['```json\n{"city": "Paris"}\n```', '{"city":"PARIS"}'],
  ['42', '42.0'],
  ['two   words\nhere', 'Two words here!'],
])('%s and %s say the same', (left, right) => {
  expect(normalisedAnswer(left)).toBe(normalisedAnswer(right));
});

test.each([
  ['Paris', 'London'],
  ['[1,2]', '[2,1]'],
  ['"1"', '1'],
  ['!', '?'],
  ['-40 C', '40 C'],
  ['5%', '5'],
])('%s and %s do not', (left, right) => {
  expect(normalisedAnswer(left)).not.toBe(normalisedAnswer(right));
});

test('answers of any form are compared in time that grows with their length', () => {
  const odd = `${'!'.repeat(300_000)}a`;
  expect(normalisedAnswer(`${odd}${odd}`)).toBe(`a${odd}`);
  const deep = '['.repeat(50_000) + ']'.repeat(50_000);
  expect(normalisedAnswer(deep)).toBe(normalisedAnswer(` ${deep}`));
});

test('the majority wins with its best wording, and dissent is kept', () => {
  const count = all([ballot('a', 'yes', 0.4), ballot('b', 'no'), ballot('c', 'Yes.', 0.9)]);
  expect(count).toMatchObject({ state: 'decided', winner: { answer: 'Yes.', voters: ['a', 'c'] } });
  expect(count.state === 'decided' && count.dissent.map(({ voters }) => voters)).toEqual([['b']]);
});

test('a quorum decides before all have answered; until then it is open', () => {
  const two = [ballot('a', 'yes'), ballot('b', 'yes')];
  expect(countBallots({ ballots: two, outstanding: 1, quorum: 2 }).state).toBe('decided');
  expect(countBallots({ ballots: two.slice(1), outstanding: 2, quorum: 2 }).state).toBe('open');
});

test('a tie goes to the higher quality, and stays a tie without one', () => {
  expect(all([ballot('a', 'yes', 0.6), ballot('b', 'no', 0.7)])).toMatchObject({ winner: { answer: 'no' } });
  expect(all([ballot('a', 'yes'), ballot('b', 'no')], 2).state).toBe('tied');
});

test('too few answers decide nothing', () => {
  expect(all([ballot('a', 'yes')], 2).state).toBe('short');
  expect(all([], 1).state).toBe('short');
});

test('the order of the answers does not count', () => {
  const any = fc.record({
    voter: fc.uuid(),
    answer: fc.constantFrom('yes', 'Yes!', 'no', '{"a":1}', '{"a":1.0}'),
    quality: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  const shuffled = fc
    .uniqueArray(any, { selector: ({ voter }) => voter, maxLength: 9 })
    .chain((ballots) => fc.tuple(fc.constant(ballots), fc.shuffledSubarray(ballots, { minLength: ballots.length })));
  fc.assert(
    fc.property(
      shuffled,
      fc.integer({ min: 1, max: 6 }),
      fc.nat({ max: 2 }),
      ([ballots, again], quorum, outstanding) => {
        expect(countBallots({ ballots: again, outstanding, quorum })).toEqual(
          countBallots({ ballots, outstanding, quorum }),
        );
      },
    ),
  );
});
