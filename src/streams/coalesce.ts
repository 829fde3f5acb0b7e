import { type EventDetail, type EventName, eventCatalogue } from '../contracts/event.ts';

/** What an attempt says: an event without its task, agent and attempt, which are the same for all of them. */
export type AttemptEvent = {
  [N in EventName]: { readonly name: N; readonly data: string; readonly detail: EventDetail<N> };
}[EventName];

export type Coalesced = { readonly batch: readonly AttemptEvent[]; readonly rest: readonly AttemptEvent[] };

/**
 * What leaves in one append out of all that waits. Up to `most` events go as they are; beyond that neighbouring tokens of
 * one name become one, their texts joined. Nothing else is merged and nothing changes its place, so that events
 * may be left for the next append.
 */
export function coalesce(events: readonly AttemptEvent[], most: number): Coalesced {
  if (events.length <= most) return { batch: events, rest: [] };
  const groups = groupNeighbours(events);
  if (groups.length >= most) return { batch: groups.slice(0, most).flatMap(merge), rest: groups.slice(most).flat() };
  let size = Math.ceil(events.length / most);
  const leaving = (): number => groups.reduce((sum, group) => sum + Math.ceil(group.length / size), 0);
  while (leaving() > most) size += 1; // ends: at the length of the longest group each group is one event
  return { batch: groups.flatMap((group) => chunks(group, size).flatMap(merge)), rest: [] };
}

export function isToken(event: AttemptEvent): boolean {
  return eventCatalogue[event.name].type === 'token';
}

function groupNeighbours(events: readonly AttemptEvent[]): readonly (readonly AttemptEvent[])[] {
  const groups: AttemptEvent[][] = [];
  for (const event of events) {
    const group = groups.at(-1);
    if (group?.[0] !== undefined && isToken(event) && group[0].name === event.name) group.push(event);
    else groups.push([event]);
  }
  return groups;
}

function chunks(group: readonly AttemptEvent[], size: number): readonly (readonly AttemptEvent[])[] {
  return Array.from({ length: Math.ceil(group.length / size) }, (_, index) =>
    group.slice(index * size, (index + 1) * size),
  );
}

/** One event for a group of tokens of one name; none for an empty group. */
function merge(group: readonly AttemptEvent[]): readonly AttemptEvent[] {
  const [first] = group;
  return first === undefined ? [] : [{ ...first, data: group.map((event) => event.data).join('') }];
}
