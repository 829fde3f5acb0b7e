import { eventCatalogue, type StreamEvent } from '../contracts/event.ts';
import { ORCHESTRATOR, ROOT_TASK } from '../contracts/ids.ts';
import { previousId } from './cursor.ts';

export type Gap = {
  readonly run: string;
  readonly after: string;
  readonly resumesAt: string;
  readonly snapshot: unknown;
};

/**
 * What a reader gets in place of events that were trimmed: the run as it stands now. Its id lies just before `resumesAt`, the
 * next event, so that resuming after it goes on there, without a second gap. It is in nobody's stream: each reader has its own.
 */
export function gapEvent({ run, after, resumesAt, snapshot }: Gap): StreamEvent {
  const id = previousId(resumesAt);
  return {
    id,
    run_id: run,
    task_id: ROOT_TASK,
    agent_id: ORCHESTRATOR,
    attempt: 0,
    event_type: eventCatalogue['stream.gap'].type,
    name: 'stream.gap',
    data: 'Events before this point are no longer kept; the snapshot shows the run as it stands now.',
    detail: { after, resumes_at: resumesAt, snapshot },
    timestamp: new Date(Number(id.split('-')[0])).toISOString(),
  };
}
