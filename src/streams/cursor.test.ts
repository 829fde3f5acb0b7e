import { expect, test } from 'vitest';
import { compareIds, EventId } from '../contracts/ids.ts';
import { isBeforeKept, previousId } from './cursor.ts';
import { gapEvent } from './gap-event.ts';

const page = { first: '1700000000000-3', trimmed: 7, last: '1700000000009-0', ended: false, events: [] };

test.each([
  ['1700000000000-3', '1700000000000-2'],
  ['1700000000000-0', '1699999999999-9007199254740991'],
])('the id before %s is %s: a well-formed one that is older', (id, previous) => {
  expect(previousId(id)).toBe(previous);
  expect(EventId.safeParse(previous).success).toBe(true);
  expect(compareIds(previous, id)).toBeLessThan(0);
});

test('events are missing for whoever stands before the oldest one that is kept, and only then', () => {
  expect(isBeforeKept(page, '0-0')).toBe(true);
  expect(isBeforeKept(page, '1700000000000-1')).toBe(true);
  expect(isBeforeKept(page, '1700000000000-3')).toBe(false);
  expect(isBeforeKept({ ...page, trimmed: 0 }, '0-0')).toBe(false);
  expect(isBeforeKept({ ...page, first: '' }, '0-0')).toBe(false);
});

test('whoever resumes after a gap goes on with the next event and meets no second gap', () => {
  const gap = gapEvent({ run: 'r', after: '0-0', resumesAt: page.first, snapshot: { status: 'running' } });
  expect(isBeforeKept(page, gap.id)).toBe(false);
  expect(compareIds(gap.id, page.first)).toBeLessThan(0);
  expect(gap).toMatchObject({ name: 'stream.gap', event_type: 'status', detail: { resumes_at: page.first } });
});
