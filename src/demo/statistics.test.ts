import { expect, test } from 'vitest';
import { numbersIn, statisticsOf } from './statistics.ts';

test.each([
  ['3, 5 and 10', [3, 5, 10]],
  ['3,5,10', [3, 5, 10]],
  ['-2.5 and −4', [-2.5, -4]],
  ['1,200 in May, 1,350 in June', [1200, 1350]],
  ['12,345,678', [12_345_678]],
  ['100,200,300', [100, 200, 300]],
  ['3,400,5', [3, 400, 5]],
  ['$1,200.50 or 5%', [1200.5, 5]],
  ['Q3 of the 2nd year, v1.2.3, on 2024-05-01', []],
  ['no numbers', []],
])('the numbers in %j are %j', (text, numbers) => {
  expect(numbersIn(text)).toEqual(numbers);
});

test('statistics of a known list', () => {
  expect(statisticsOf([2, 4, 4, 4, 5, 5, 7, 9])).toMatchObject({
    count: 8,
    min: 2,
    max: 9,
    sum: 40,
    mean: 5,
    median: 4.5,
    deviation: expect.closeTo(2.13809, 5),
  });
});

test('the slope is the change from one number to the next', () => {
  expect(statisticsOf([10, 12, 14, 16])?.slope).toBeCloseTo(2);
  expect(statisticsOf([9, 6, 3])?.slope).toBeCloseTo(-3);
});

test('what a list is too short for is null', () => {
  expect(statisticsOf([])).toBeNull();
  expect(statisticsOf([7])).toMatchObject({ mean: 7, median: 7, deviation: null, slope: null });
  expect(statisticsOf([1, 2])?.slope).toBeNull();
});
