import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AttemptEvent } from './coalesce.ts';
import { admit } from './whole-characters.ts';

const said = (data: string, name = 'task.token'): AttemptEvent => ({ name, data, detail: {} }) as AttemptEvent; // the names used here have an empty detail

function admitAll(events: readonly AttemptEvent[]): readonly AttemptEvent[] {
  const all: AttemptEvent[] = [];
  let held: AttemptEvent | undefined;
  for (const event of events) {
    const admitted = admit(held, event);
    all.push(...admitted.ready);
    held = admitted.held;
  }
  return held === undefined ? all : [...all, held];
}

test('a character cut between two tokens arrives whole, in the second one', () => {
  expect(admitAll([said('a\ud83d'), said('\ude00b')])).toEqual([said('a'), said('😀b')]);
  expect(admitAll([said('\ud83d'), said('\ude00')])).toEqual([said('😀')]);
});

test('half a character that nothing follows goes before what comes next, in its place', () => {
  expect(admitAll([said('a\ud83d'), said('m', 'task.message'), said('b')])).toEqual([
    said('a'),
    said('\ud83d'),
    said('m', 'task.message'),
    said('b'),
  ]);
});

test('text cut anywhere, even within characters, survives UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 3 }), (text, size) => {
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
        text.slice(i * size, (i + 1) * size),
      );
      const arrived = admitAll(pieces.map((piece) => said(piece))).map(({ data }) => Buffer.from(data).toString());
      expect(arrived.join('')).toBe(text);
    }),
  );
});
