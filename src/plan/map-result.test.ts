import { expect, test } from 'vitest';
import { type TaskResult, unfinishedTask } from '../contracts/result.ts';
import { collectChildren, nameAll } from './map-result.ts';

const failed = (at: number): TaskResult =>
  unfinishedTask({ task_id: `m.${at}`, agent_id: 'x', attempts: 1, latency_ms: 1 }, 'failed', {
    ...{ code: 'agent_failed', message: `broke at ${at}` },
  });
const done = (at: number, response: string): TaskResult => ({
  ...failed(at),
  ...{ status: 'completed', success: true, error: null, response },
});
const textsOf = (results: readonly TaskResult[]): unknown => {
  const collected = collectChildren(results, { on_item_failure: 'partial' });
  return collected.kind === 'completed' ? JSON.parse(collected.response) : collected.message;
};

test('texts keep their order and their characters, an empty one is a text', () => {
  expect(textsOf([done(0, 'a "b"\n'), done(1, ''), done(2, 'ü😀')])).toEqual(['a "b"\n', '', 'ü😀']);
});

test('one that did not complete leaves null in its place', () => {
  expect(textsOf([done(0, 'a'), failed(1), done(2, 'c')])).toEqual(['a', null, 'c']);
});

test('when all failed there is nothing to go on with', () => {
  expect(textsOf([failed(0), failed(1)])).toBe('2 of 2 items did not complete: m.0: broke at 0; m.1: broke at 1');
});

test('when none may be missing, one is enough; every one is named', () => {
  const results = [done(0, 'a'), ...[1, 2, 3, 4, 5, 6].map(failed)];
  const collected = collectChildren(results, { on_item_failure: 'fail' });
  expect(collected).toMatchObject({ kind: 'failed' });
  expect(collected).toHaveProperty('message', expect.stringMatching(/^6 of 7 items did not complete: m\.1: .*m\.6: /));
});

test('items of one reason are named together; many long reasons are cut, names never', () => {
  const same = [failed(0), failed(1), { ...failed(2), error: failed(0).error }];
  expect(nameAll(same)).toBe('m.0, m.2: broke at 0; m.1: broke at 1');
  const long = Array.from({ length: 500 }, (_, at) => {
    const message = `${at} ${'x'.repeat(500)}`;
    return { ...failed(at), error: { code: 'agent_failed', message } };
  });
  const text = nameAll(long);
  expect(text.length).toBeLessThan(20_000);
  for (const { task_id } of long) expect(text).toContain(`${task_id}: `);
});
