import type { EventDetail, EventDraft, EventName } from './event.ts';
import { ORCHESTRATOR, ROOT_TASK } from './ids.ts';

/** An event of the run itself, said by the orchestrator. `attempt` is the root's epoch, 0 before the root has one. */
export function rootEvent<N extends EventName>(
  attempt: number,
  event: { readonly name: N; readonly data: string; readonly detail: EventDetail<N> },
): EventDraft {
  return { task_id: ROOT_TASK, agent_id: ORCHESTRATOR, attempt, ...event } as EventDraft; // N ties name and detail together
}
