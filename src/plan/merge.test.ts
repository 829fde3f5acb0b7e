import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeParts } from './merge.ts';

const part = fc.record({
  task: fc.string(),
  quality: fc.double({ min: 0, max: 1, noNaN: true }),
  latencyMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
});

test('shares add up to 1, and quality and its interval lie within what the parts have', () => {
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 40 }), (parts) => {
      const merge = mergeParts(parts);
      if (merge === undefined) throw new Error('expected a merge');
      const qualities = parts.map(({ quality }) => quality);
      expect(merge.shares.reduce((total, { share }) => total + share, 0)).toBeCloseTo(1, 9);
      expect(merge.quality).toBeGreaterThanOrEqual(Math.min(...qualities) - 1e-9);
      expect(merge.quality).toBeLessThanOrEqual(Math.max(...qualities) + 1e-9);
      expect(merge.quality).toBeLessThanOrEqual(1);
      if (merge.interval === null) return;
      expect(merge.interval.low).toBeLessThanOrEqual(merge.quality);
      expect(merge.interval.high).toBeGreaterThanOrEqual(merge.quality);
    }),
  );
});

test('parts without a fault are no better than 1, whatever their shares add up to', () => {
  const perfect = (count: number) =>
    mergeParts(Array.from({ length: count }, (_, n) => ({ task: `${n}`, quality: 1, latencyMs: n * 7_919 })));
  const qualities = Array.from({ length: 60 }, (_, n) => perfect(n + 1)?.quality ?? 2);
  expect(qualities.filter((quality) => quality > 1)).toEqual([]);
});

test('quality counts 0.7, speed 0.3 and half of that after a minute', () => {
  const merge = mergeParts([
    { task: 'good', quality: 1, latencyMs: 60_000 },
    { task: 'quick', quality: 0, latencyMs: 0 },
  ]);
  expect(merge?.shares.map(({ weight }) => weight)).toEqual([0.7 + 0.15, 0.3]);
  expect(merge?.quality).toBeCloseTo(0.85 / 1.15);
});

test('equal parts share equally and leave no doubt; one part says nothing of its spread', () => {
  const equal = { quality: 0.8, latencyMs: 1_000 };
  const merge = mergeParts([
    { task: 'a', ...equal },
    { task: 'b', ...equal },
  ]);
  expect(merge?.shares.map(({ share }) => share)).toEqual([0.5, 0.5]);
  expect(merge?.interval?.low).toBeCloseTo(0.8);
  expect(mergeParts([{ task: 'a', ...equal }])?.interval).toBeNull();
  expect(mergeParts([])).toBeUndefined();
});
