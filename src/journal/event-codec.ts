import { BatonError } from '../contracts/error.ts';
import type { EventDraft, EventName, StreamEvent } from '../contracts/event.ts';
import { eventCatalogue } from '../contracts/event.ts';

/** What every script that appends takes of an event, after its task and epoch: name, agent, data, detail. */
export function eventArgs(
  event: Pick<EventDraft, 'name' | 'agent_id' | 'data' | 'detail'>,
): [string, string, string, string] {
  return [event.name, event.agent_id, event.data, JSON.stringify(event.detail)];
}

/** One entry as XRANGE and XREAD give it: its id, then its fields and values in turn. */
export type StreamEntry = readonly [id: string, fields: readonly string[]];

/** An entry of a run's stream as the event it stands for. The type follows from the name, the time and the id from Redis's clock. */
export function decodeEntry(run: string, [id, fields]: StreamEntry): StreamEvent {
  const field = new Map<string, string>();
  for (let i = 0; i + 1 < fields.length; i += 2) field.set(fields[i] ?? '', fields[i + 1] ?? '');
  const name = field.get('n') ?? '';
  if (!isEventName(name)) throw new BatonError('internal', `the event "${name}" is of another version of baton`);
  return {
    id,
    run_id: run,
    task_id: field.get('t') ?? '',
    agent_id: field.get('a') ?? '',
    attempt: Number(field.get('e') ?? 0),
    event_type: eventCatalogue[name].type,
    name,
    data: field.get('d') ?? '',
    detail: JSON.parse(field.get('x') ?? '{}'),
    timestamp: new Date(Number(id.split('-')[0])).toISOString(),
  } as StreamEvent; // name and detail belong together by construction: both come from one EventDraft
}

function isEventName(name: string): name is EventName {
  return Object.hasOwn(eventCatalogue, name);
}
