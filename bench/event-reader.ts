import { EventSourceParserStream } from 'eventsource-parser/stream';
import { StreamEvent } from '../src/contracts/event.ts';

/** Longer than any run of the bench. */
const RUN_MS = 30_000;

/** An event and when it arrived, in milliseconds of this process's performance clock. */
export type Arrival = {
  readonly event: Pick<StreamEvent, 'name' | 'task_id' | 'run_id' | 'data'>;
  readonly arrivedAt: number;
};

/** Submits a plan and reads its events from the answer of the same request, up to the terminal one. */
export async function* readRun(apiUrl: string, plan: object): AsyncGenerator<Arrival> {
  const response = await fetch(`${apiUrl}/v1/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ plan }),
    signal: AbortSignal.timeout(RUN_MS),
  });
  if (!response.ok || response.body === null) throw new Error(`expected a stream of events, came ${response.status}`);
  const messages = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { data } of messages) {
    const arrivedAt = performance.now();
    yield { event: StreamEvent.parse(JSON.parse(data)), arrivedAt };
  }
}
