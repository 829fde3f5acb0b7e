import type { StreamEvent } from '../contracts/event.ts';
import type { Plan } from '../contracts/plan.ts';
import type { TaskResult } from '../contracts/result.ts';
import type { RunView } from '../contracts/run.ts';
import { type SeedEvent, toSeedEvent } from '../streams/seed-event.ts';

type SeedResult = Omit<TaskResult, 'error' | 'streaming_mode'> & {
  readonly streaming_mode: string;
  readonly error: string | null;
  readonly events: readonly SeedEvent[];
};

/** The seed's answer of POST /orchestrate; its parts carry baton's further fields too. */
export type SeedAnswer = {
  readonly response: string;
  readonly plan: Plan | null;
  readonly worker_results: readonly SeedResult[];
};

/** What each task's last attempt said, by task. Grows with the run's events: as bounded as the stream they come from. */
export type TaskEvents = Map<string, { attempt: number; events: SeedEvent[] }>;

/** Adds one event. A later attempt voids what the task said before (guarantees I10). */
export function collectEvent(tasks: TaskEvents, event: StreamEvent): void {
  const held = tasks.get(event.task_id);
  const current = held === undefined || event.attempt > held.attempt ? { attempt: event.attempt, events: [] } : held;
  if (event.attempt < current.attempt) return;
  current.events.push(toSeedEvent(event));
  tasks.set(event.task_id, current);
}

/** A completed run in the seed's shapes: the error is a text, and the streaming mode is never missing. */
export function toSeedAnswer(view: RunView, tasks: TaskEvents): SeedAnswer {
  return {
    response: view.response ?? '',
    plan: view.plan && {
      ...view.plan,
      plan_id: view.plan.plan_id || view.run_id,
      original_query: view.plan.original_query || view.query,
    },
    worker_results: view.results.map((result) => ({
      ...result,
      streaming_mode: result.streaming_mode ?? 'static',
      error: result.error?.message ?? null,
      events: tasks.get(result.task_id)?.events ?? [],
    })),
  };
}
