import { expect, test } from 'vitest';
import { summarize } from './summarizer.ts';

const bees = `Bees live in colonies. A colony of bees has one queen, and the bees of a colony work for it.
The weather was fine on Tuesday. Bees collect nectar and make honey from nectar in the colony. Somebody laughed.`;

test('the sentences with the most frequent words win, in the order of the text', () => {
  const points = summarize(bees, 'Summarize this text').split('\n');
  expect(points).toHaveLength(3);
  expect(points.join(' ')).not.toMatch(/Tuesday|laughed/);
  expect(points[0]).toBe('- Bees live in colonies.');
});

test('a request for one aspect gets the sentences about it', () => {
  const text =
    'Here is a function.\n\n```python\ntime = complexity\n```\n\nTime complexity: O(log n). It was fun to write.';
  expect(summarize(text, 'summarize its time complexity.')).toBe('- Time complexity: O(log n).');
});

test('an aspect that the text does not have is named as missing', () => {
  expect(summarize('Here is a function that sorts. It works.', 'summarize its time complexity')).toMatch(
    /^- The text says nothing about complexity\.\n- /,
  );
});

test('a text of code alone is said to be one', () => {
  expect(summarize('```python\nprint(1)\nprint(2)\n```', 'summarize it')).toBe(
    '- The text is code only, 4 lines of it.',
  );
});

test('a short text stays as it is', () => {
  expect(summarize('Only one sentence here.', 'summarize')).toBe('- Only one sentence here.');
});
