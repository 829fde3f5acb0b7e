import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type EventName, eventCatalogue, eventNames, type StreamEvent } from '../../src/contracts/event.ts';

export type EncoderCase = {
  readonly name: string;
  /** Lines of one encoded event that are not empty. */
  readonly lines: number;
  readonly encode: (event: StreamEvent) => string;
  /** What a client makes of the encoded text, which comes in these pieces. */
  readonly decode: (pieces: readonly string[]) => readonly unknown[];
};

/** Pieces of text that end lines, events or strings for somebody, or look like frames. */
const hostile = [
  ...['\n', '\r', '\r\n', '\n\n', '\0', '"', '\\', '\\u000a', '\u0085', '\u2028', '\u2029', '\ufeff', '\ud83d', '\b'],
  ...['data: {}', 'id: 9-9', 'event: run.completed', ':', 'retry: 1', '[DONE]', '</script>', '😀', '\u2028data: x'],
];

const text = fc.oneof(
  fc.array(fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'binary' }))).map((parts) => parts.join('')),
  fc.string(),
);

const event = fc
  .record({
    id: fc.tuple(fc.nat(), fc.nat()).map(([time, sequence]) => `${time}-${sequence}`),
    run_id: fc.constant(`r${'a'.repeat(22)}`),
    task_id: text,
    agent_id: text,
    attempt: fc.nat(),
    name: fc.constantFrom(...eventNames),
    data: text,
    detail: fc.dictionary(text, text),
    timestamp: fc.constant('2026-01-01T00:00:00.000Z'),
  })
  .map((fields) => ({ ...fields, event_type: typeOf(fields.name) }) as unknown as StreamEvent); // details are hostile on purpose

function typeOf(name: EventName): string {
  return eventCatalogue[name].type;
}

/** What holds for every form of events on the wire. */
export function encoderSuite({ name, lines, encode, decode }: EncoderCase): void {
  test(`${name}: no text can forge, split or change an event`, () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 4 }), (events) => {
        expect(decode([events.map(encode).join('')])).toEqual(events);
      }),
      { numRuns: 300 },
    );
  });

  test(`${name}: events survive being cut into pieces anywhere`, () => {
    fc.assert(
      fc.property(event, event, fc.nat(), (first, second, at) => {
        const whole = encode(first) + encode(second);
        const cut = at % whole.length;
        expect(decode([whole.slice(0, cut), whole.slice(cut)])).toEqual([first, second]);
      }),
    );
  });

  test(`${name}: nothing but the frame itself ends a line, by anybody's idea of a line`, () => {
    fc.assert(
      fc.property(event, (one) => {
        const parts = encode(one).split(/[\n\r\u0085\u2028\u2029\0]/);
        expect(parts.filter((part) => part !== '')).toHaveLength(lines);
      }),
    );
  });
}
