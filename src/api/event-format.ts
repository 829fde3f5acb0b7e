import type { StreamEvent } from '../contracts/event.ts';
import { toJsonLine } from '../streams/json-line.ts';
import { encodeNdjson } from '../streams/ndjson.ts';
import { toSeedEvent } from '../streams/seed-event.ts';
import { encodeSse, sseHeartbeat, sseRetry } from '../streams/sse.ts';

/** One form of events on the wire, a run's or others. Texts are whole frames; an empty one says that the form has no such thing. */
export type EventFormat<E = StreamEvent> = Readonly<{
  contentType: string;
  opening: () => string;
  encode: (event: E) => string;
  /** What keeps an idle connection alive. */
  heartbeat: string;
  /** What is said when this process stops before the run has ended. */
  farewell: string;
}>;

export const sseFormat: EventFormat<{ readonly id: string }> = {
  contentType: 'text/event-stream',
  opening: () => sseRetry(Math.random),
  encode: encodeSse,
  heartbeat: sseHeartbeat,
  farewell: ': this process is shutting down, resume with Last-Event-ID\n\n',
};

/** A line per event and nothing else: not every reader of NDJSON skips blank lines. */
export const ndjsonFormat: EventFormat<{ readonly id: string }> = {
  contentType: 'application/x-ndjson',
  opening: () => '',
  encode: encodeNdjson,
  heartbeat: '',
  farewell: '',
};

/** The seed's: `data:` lines of its five fields, without ids. */
export const seedFormat: EventFormat = {
  contentType: 'text/event-stream',
  opening: () => '',
  encode: (event) => `data: ${toJsonLine(toSeedEvent(event))}\n\n`,
  heartbeat: sseHeartbeat,
  farewell: ': this process is shutting down\n\n',
};
