import type { StreamEvent } from '../contracts/event.ts';

/** The seed's StreamEvent: five fields, and `timestamp` with its zone. */
export type SeedEvent = Pick<StreamEvent, 'agent_id' | 'task_id' | 'event_type' | 'data' | 'timestamp'>;

/** An event as the seed's clients know it. */
export function toSeedEvent({ agent_id, task_id, event_type, data, timestamp }: StreamEvent): SeedEvent {
  return { agent_id, task_id, event_type, data, timestamp };
}
