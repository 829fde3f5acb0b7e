import { expect, test } from 'vitest';
import { toSeedEvent } from './seed-event.ts';

test("an event has exactly the seed's five fields for the seed's clients", () => {
  const event = {
    ...{ id: '1-1', run_id: 'r', task_id: 't1', agent_id: 'poet', attempt: 2, event_type: 'token' as const },
    ...{ name: 'task.token' as const, data: 'Rose', detail: {}, timestamp: '2026-01-01T00:00:00.000Z' },
  };
  expect(toSeedEvent(event)).toEqual({
    agent_id: 'poet',
    task_id: 't1',
    event_type: 'token',
    data: 'Rose',
    timestamp: '2026-01-01T00:00:00.000Z',
  });
});
