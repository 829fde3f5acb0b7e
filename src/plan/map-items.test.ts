import { describe, expect, test } from 'vitest';
import { BatonError } from '../contracts/error.ts';
import { MapSpec } from '../contracts/plan.ts';
import { type TaskResult, unfinishedTask } from '../contracts/result.ts';
import { mapItems } from './map-items.ts';

const head = { task_id: 'a', agent_id: 'x', attempts: 1, latency_ms: 1 };
const skipped = unfinishedTask(head, 'skipped', { code: 'late', message: 'too late' });
const gave = (response: string): TaskResult => ({
  ...skipped,
  ...{ status: 'completed', success: true, error: null, response },
});

const overInput = (input: string, input_data: Record<string, unknown>) =>
  mapItems({ input_data, map: MapSpec.parse({ over: { input } }) }, new Map());
const overTask = (result: TaskResult | undefined, path = '') =>
  mapItems({ input_data: {}, map: MapSpec.parse({ over: { task: 'a', path } }) }, new Map([['a', result]]));

function faultOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof BatonError && error.code === 'map_invalid') return error.message;
    throw error;
  }
  throw new Error('expected map_invalid, and there was no error');
}

describe('a list is found', () => {
  test.each<[string, string, Record<string, unknown>]>([
    ['by a name', 'items', { items: [1, 2] }],
    ['by a path', 'report.parts', { report: { parts: [1, 2] } }],
    ['by a position', 'rows.1', { rows: [[], [1, 2]] }],
  ])('in the input %s', (_how, path, input) => {
    expect(overInput(path, input)).toEqual([1, 2]);
  });

  test.each([
    ['plain', '[1, 2]'],
    ['with space around it', '\n [1, 2] \n'],
    ['in a fence of JSON', '```json\n[1, 2]\n```'],
    ['in a fence without a language, with lines of Windows', ' ```\r\n[\r\n1, 2]\r\n``` \n'],
  ])("in a dependency's text, %s", (_how, text) => {
    expect(overTask(gave(text))).toEqual([1, 2]);
  });

  test('within the JSON of a dependency, whatever the items are', () => {
    expect(overTask(gave('{"a": {"b": [null, "x", {"y": []}]}}'), 'a.b')).toEqual([null, 'x', { y: [] }]);
  });

  test('when it is empty, or as long as it may be', () => {
    expect(overInput('items', { items: [] })).toEqual([]);
    expect(overInput('items', { items: Array(50).fill(0) })).toHaveLength(50);
  });
});

describe('no list: the message says what came', () => {
  test.each<[string, unknown, string]>([
    ['a text', 'x', 'came "x".'],
    ['null', null, 'came null.'],
    ['an object that looks like a list', { length: 2, 0: 1, 1: 2 }, 'came {"0":1,"1":2,"length":2}.'],
    ['a long text, shortened', 'x'.repeat(1_000), `came "${'x'.repeat(79)}.`],
  ])('%s', (_what, items, came) => {
    expect(faultOf(() => overInput('items', { items }))).toBe(`Expected a list at "items" of the input, ${came}`);
  });

  test.each(['missing', 'items.0.x', '__proto__', 'constructor', 'items.length'])('nothing at "%s"', (path) => {
    expect(faultOf(() => overInput(path, { items: [1] }))).toContain(
      `Expected a list at "${path}" of the input, came `,
    );
  });

  test('a dependency that gave no JSON, that did not complete, or that has no result', () => {
    expect(faultOf(() => overTask(gave('Here you are: [1]')))).toBe(
      'Expected JSON in what a gave, came "Here you are: [1]".',
    );
    expect(faultOf(() => overTask(skipped))).toContain('Expected a list from a, which skipped.');
    expect(faultOf(() => overTask(undefined))).toContain('Expected a list from a, which has no result.');
  });
});

test('one more item than max_items is too many', () => {
  const map = MapSpec.parse({ over: { input: 'items' }, max_items: 2 });
  expect(mapItems({ input_data: { items: [1, 2] }, map }, new Map())).toHaveLength(2);
  expect(faultOf(() => mapItems({ input_data: { items: [1, 2, 3] }, map }, new Map()))).toMatch(
    /^Expected at most 2 items .* came 3: raise max_items/,
  );
});
