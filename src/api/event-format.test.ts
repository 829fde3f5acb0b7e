import { expect, test } from 'vitest';
import type { StreamEvent } from '../contracts/event.ts';
import { ndjsonFormat, seedFormat, sseFormat } from './event-format.ts';

const event: StreamEvent = {
  id: '1-0',
  run_id: 'r1',
  task_id: 'a',
  agent_id: 'agent-1',
  attempt: 1,
  event_type: 'token',
  name: 'task.token',
  data: 'one\ntwo\u2028three',
  detail: {},
  timestamp: '2026-01-01T00:00:00.000Z',
};

test("the seed's form is one data line of five fields, whatever the text holds", () => {
  const frame = seedFormat.encode(event);
  expect(frame).toMatch(/^data: \{[^\n\r\u2028]*\}\n\n$/);
  const { agent_id, task_id, event_type, data, timestamp } = event;
  expect(JSON.parse(frame.slice('data: '.length))).toEqual({ agent_id, task_id, event_type, data, timestamp });
});

test('NDJSON says nothing but events: some readers take a blank line for a fault', () => {
  expect([ndjsonFormat.opening(), ndjsonFormat.heartbeat, ndjsonFormat.farewell]).toEqual(['', '', '']);
});

test.each([sseFormat, seedFormat])('what SSE says beside events are comments', ({ heartbeat, farewell }) => {
  for (const text of [heartbeat, farewell]) expect(text).toMatch(/^: [^\n]+\n\n$/);
});
