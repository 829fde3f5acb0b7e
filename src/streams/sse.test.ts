import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { expect, test } from 'vitest';
import { encoderSuite } from '../../test/suites/encoder-suite.ts';
import { encodeSse, sseHeartbeat, sseRetry } from './sse.ts';

type Heard = { events: EventSourceMessage[]; retries: number[]; comments: string[]; errors: string[] };

function parse(pieces: readonly string[]): Heard {
  const heard: Heard = { events: [], retries: [], comments: [], errors: [] };
  const parser = createParser({
    onEvent: (event) => heard.events.push(event),
    onRetry: (ms) => heard.retries.push(ms),
    onComment: (comment) => heard.comments.push(comment),
    onError: (error) => heard.errors.push(error.message),
  });
  for (const piece of pieces) parser.feed(piece);
  return heard;
}

encoderSuite({
  name: 'SSE',
  lines: 2,
  encode: encodeSse,
  decode: (pieces) => {
    const { events, errors } = parse(pieces);
    expect(errors).toEqual([]);
    return events.map(({ id, event, data }) => {
      const decoded = JSON.parse(data);
      expect([id, event]).toEqual([decoded.id, undefined]);
      return decoded;
    });
  },
});

test('a heartbeat is a comment and no event', () => {
  expect(parse([sseHeartbeat, sseHeartbeat])).toMatchObject({
    events: [],
    errors: [],
    comments: ['heartbeat', 'heartbeat'],
  });
});

test('clients are asked to come back after one to three seconds, spread by chance', () => {
  const retries = [0, 0.5, 0.999].map((random) => parse([sseRetry(() => random)]).retries);
  expect(retries).toEqual([[1_000], [2_000], [2_998]]);
});
