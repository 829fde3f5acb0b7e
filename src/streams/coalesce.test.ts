import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AttemptEvent, type Coalesced, coalesce, isToken } from './coalesce.ts';

const MOST = 8;

const said = (name: AttemptEvent['name'], data: string): AttemptEvent => ({ name, data, detail: {} }) as AttemptEvent; // the names used here have an empty detail
const tokens = (count: number): AttemptEvent[] => Array.from({ length: count }, (_, i) => said('task.token', `${i} `));
const textsOf = (events: readonly AttemptEvent[]): readonly string[] => events.map(({ data }) => data);

/** What a reader makes of events: neighbouring tokens of one name are one text. */
function heard(events: readonly AttemptEvent[]): readonly string[] {
  const pieces: { name: string; text: string }[] = [];
  for (const event of events) {
    const last = pieces.at(-1);
    if (last?.name === event.name && isToken(event)) last.text += event.data;
    else pieces.push({ name: event.name, text: event.data });
  }
  return pieces.map(({ name, text }) => `${name}: ${text}`);
}

const speech = fc
  .tuple(fc.constantFrom('task.token', 'answer.token', 'task.message', 'task.status'), fc.string())
  .map(([name, data]) => said(name as AttemptEvent['name'], data));

test('up to the bound every event goes as it is', () => {
  const events = [...tokens(MOST - 1), said('task.status', 'busy')];
  expect(coalesce(events, MOST)).toEqual({ batch: events, rest: [] });
});

test('beyond it neighbouring tokens are merged, evenly, and all of them leave', () => {
  const { batch, rest } = coalesce(tokens(20), MOST);
  expect(textsOf(batch)).toEqual(['0 1 2 ', '3 4 5 ', '6 7 8 ', '9 10 11 ', '12 13 14 ', '15 16 17 ', '18 19 ']);
  expect(rest).toEqual([]);
});

test('what cannot be merged goes in its order, the rest of it in the next append', () => {
  const messages = Array.from({ length: 10 }, (_, i) => said('task.message', String(i)));
  const { batch, rest } = coalesce([...messages, ...tokens(3)], MOST);
  expect(textsOf(batch)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  expect(textsOf(rest)).toEqual(['8', '9', '0 ', '1 ', '2 ']);
});

test('tokens of different names are never merged into one', () => {
  const { batch } = coalesce([...tokens(20), said('answer.token', 'a'), said('task.token', 'b')], MOST);
  expect(textsOf(batch).slice(-2)).toEqual(['a', 'b']);
});

test('whatever waits, the exact text and order are kept and at most so many leave together', () => {
  fc.assert(
    fc.property(fc.array(speech, { maxLength: 60 }), (events) => {
      const appends: Coalesced[] = [];
      for (let waiting: readonly AttemptEvent[] = events; waiting.length > 0; waiting = appends.at(-1)?.rest ?? [])
        appends.push(coalesce(waiting, MOST));
      for (const { batch } of appends) expect(batch.length).toBeLessThanOrEqual(MOST);
      expect(heard(appends.flatMap(({ batch }) => batch))).toEqual(heard(events));
    }),
  );
});
