import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findLoop } from './loops.ts';

test('saying a thing once more is a retry, a third time is a loop', () => {
  expect(findLoop(['x', 'a', 'a'])).toBeUndefined();
  expect(findLoop(['x', 'a', 'a', 'a'])).toEqual({ reason: 'repeated', period: 1, times: 3 });
});

test('four messages to and fro are a loop', () => {
  expect(findLoop(['x', 'a', 'b', 'a', 'b'])).toEqual({ reason: 'repeated', period: 2, times: 2 });
});

test('the twenty-first iteration is one too many', () => {
  const distinct = Array.from({ length: 21 }, (_, n) => `${n}`);
  expect(findLoop(distinct.slice(0, 20))).toBeUndefined();
  expect(findLoop(distinct)).toEqual({ reason: 'too_many', iterations: 21 });
});

test('an empty history is none', () => {
  expect(findLoop([])).toBeUndefined();
});

test('every planted period up to five is found, whatever was said before', () => {
  const planted = fc
    .integer({ min: 1, max: 5 })
    .chain((period) =>
      fc.tuple(
        fc.uniqueArray(fc.string(), { minLength: period, maxLength: period }),
        fc.array(fc.string(), { maxLength: 10 }),
      ),
    );
  fc.assert(
    fc.property(planted, ([pattern, before]) => {
      const times = pattern.length === 1 ? 3 : 2;
      const loop = findLoop([...before, ...Array.from({ length: times }, () => pattern).flat()]);
      expect(loop).toMatchObject({ reason: 'repeated' });
      expect(loop?.reason === 'repeated' && loop.period).toBeLessThanOrEqual(pattern.length);
    }),
  );
});

test('a thousand histories that repeat nothing give no false alarm', () => {
  const history = fc.uniqueArray(fc.string({ maxLength: 8 }), { maxLength: 20 });
  fc.assert(
    fc.property(history, (distinct) => {
      expect(findLoop(distinct)).toBeUndefined();
    }),
    { numRuns: 1_000 },
  );
});

/** Whether a history ends with something said three times, or with two to five things said twice: written down as it is defined. */
function endsInLoop(history: string): boolean {
  const endings = [1, 2, 3, 4, 5].map((period) => history.slice(-period).repeat(period === 1 ? 3 : 2));
  return endings.some((ending) => ending !== '' && history.endsWith(ending));
}

test('a thousand histories of few different messages: a loop is found where there is one, and nowhere else', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 20 }), (history) => {
      expect(findLoop(history) !== undefined).toBe(endsInLoop(history.join('')));
    }),
    { numRuns: 1_000 },
  );
});

test('a thousand conversations that come back to what was said, but never go round, are let go on to the end', () => {
  const choices = fc.array(fc.nat({ max: 3 }), { minLength: 20, maxLength: 20 });
  fc.assert(
    fc.property(choices, (wanted) => {
      let history = '';
      for (const first of wanted) {
        const next = [0, 1, 2, 3]
          .map((step) => 'abcd'[(first + step) % 4] ?? '')
          .find((sign) => !endsInLoop(history + sign));
        expect(next).toBeDefined();
        history += next;
        expect(findLoop([...history])).toBeUndefined();
      }
    }),
    { numRuns: 1_000 },
  );
});
