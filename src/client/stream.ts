import { BatonError, parseOr } from '../contracts/error.ts';
import { eventNames, isTerminalEvent, StreamEvent } from '../contracts/event.ts';
import { compareIds } from '../contracts/ids.ts';
import { defaults } from '../contracts/limits.ts';
import { isTerminal, RunSummary } from '../contracts/run.ts';
import { backoffMs, pause } from './backoff.ts';
import type { Http } from './http.ts';
import { readMessages } from './sse.ts';

/** Connections in a row that brought nothing before a stream is given up. */
const MAX_FAILURES = 8;
/** A connection that lived this long was no failure, although nothing happened on it: a proxy may cut quiet ones. */
const STABLE_MS = 10_000;
const RETRY_BASE_MS = 250;
/** Three heartbeats missed. */
export const IDLE_MS = 3 * defaults.sseHeartbeatMs;

export type StreamOptions = Readonly<{
  /** Id of the last event already seen; absent: from the first one. */
  after?: string | undefined;
  signal?: AbortSignal | undefined;
}>;

/** A run's path below the server's address. */
export function pathOf(run: string): string {
  return `v1/runs/${encodeURIComponent(run)}`;
}

type Reader = { readonly http: Http; readonly run: string; readonly idleMs: number };
/** What one connection leaves for the next. */
type Position = { cursor: string | undefined; retryBaseMs: number };

/**
 * A run's events, each once and in order, to the terminal one, over as many connections as it takes. Throws what a new
 * connection would not change (run_not_found, invalid_cursor ...), the signal's reason, or `internal` after eight connections
 * in a row that brought nothing.
 */
export async function* streamEvents(reader: Reader, { after, signal }: StreamOptions): AsyncGenerator<StreamEvent> {
  const position: Position = { cursor: after, retryBaseMs: RETRY_BASE_MS };
  let failures = 0;
  let endedBefore = false;
  for (;;) {
    const began = performance.now();
    let cause: BatonError | undefined;
    let isEmpty = true;
    try {
      for await (const event of readConnection(reader, position, signal)) {
        failures = 0;
        isEmpty = false;
        yield event;
        if (isTerminalEvent(event.name)) return;
      }
      // The caller has had the terminal event already, when a connection begun after the end brings nothing.
      if (isEmpty && endedBefore) return;
      endedBefore = isEmpty && (await hasEnded(reader, signal));
    } catch (thrown) {
      signal?.throwIfAborted();
      cause = BatonError.from(thrown);
      if (!cause.retryable) throw cause;
    }
    failures = performance.now() - began > STABLE_MS ? 1 : failures + 1;
    if (failures === MAX_FAILURES) throw brokenOff(reader.run, cause);
    await pause(backoffMs(failures, position.retryBaseMs), signal);
  }
}

/** The new events of one connection. */
async function* readConnection(
  { http, run, idleMs }: Reader,
  position: Position,
  signal: AbortSignal | undefined,
): AsyncGenerator<StreamEvent> {
  const response = await connect({ http, run, idleMs }, position.cursor, signal);
  if (response.body === null) return;
  const onRetry = (ms: number): void => {
    position.retryBaseMs = ms;
  };
  for await (const message of readMessages(response.body, { idleMs, onRetry })) {
    const event = parseEvent(message.data);
    if (event === undefined || isRepeat(event, position.cursor)) continue;
    position.cursor = event.id;
    yield event;
  }
}

/** One that does not even send its headers is cut like a silent one. */
async function connect({ http, run, idleMs }: Reader, cursor: string | undefined, signal: AbortSignal | undefined) {
  const resume = cursor === undefined ? {} : { 'last-event-id': cursor };
  const silence = new AbortController();
  const timer = setTimeout(
    () => silence.abort(new BatonError('unreachable', `No answer within ${idleMs} ms.`)),
    idleMs,
  );
  try {
    return await http.send({
      path: `${pathOf(run)}/events`,
      headers: { accept: 'text/event-stream', ...resume },
      signal: signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]),
    });
  } finally {
    clearTimeout(timer);
  }
}

/** undefined for an event of a newer baton: as in SSE, what is not known is passed over. */
function parseEvent(data: string): StreamEvent | undefined {
  const raw: unknown = JSON.parse(data);
  const name = typeof raw === 'object' && raw !== null && 'name' in raw ? raw.name : undefined;
  if (typeof name === 'string' && !eventNames.some((known) => known === name)) return undefined;
  return parseOr(StreamEvent, raw, 'internal') as StreamEvent; // the catalogue's detail goes with its name: one server wrote both
}

/** What a reconnect gave again. A gap has no place of its own in the stream and is always told. */
function isRepeat(event: StreamEvent, cursor: string | undefined): boolean {
  if (cursor === undefined || event.name === 'stream.gap') return false;
  return compareIds(event.id, cursor) <= 0;
}

/** All that matters to a stream: whatever else the server tells of the run, in whatever version. */
const Ended = RunSummary.pick({ status: true });

async function hasEnded({ http, run }: Reader, signal: AbortSignal | undefined): Promise<boolean> {
  const { status } = await http.load(Ended, { path: pathOf(run), signal });
  return isTerminal(status);
}

function brokenOff(run: string, cause: unknown): BatonError {
  const text = `The stream of run ${run} broke off ${MAX_FAILURES} times in a row; the run itself goes on.`;
  return new BatonError('unreachable', text, { cause });
}
