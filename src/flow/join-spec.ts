import { BatonError } from '../contracts/error.ts';
import { ORCHESTRATOR } from '../contracts/ids.ts';
import type { BranchRef, FlowNode, JobRef } from '../contracts/job.ts';
import { unfinishedTask } from '../contracts/result.ts';
import { resultEvent } from '../contracts/result-event.ts';
import { toEnvelope } from '../journal/result-codec.ts';
import type { Store } from '../journal/store.ts';

/** A join as its scripts read it (join.lua): where its job is, its branches' job keys, and what a dropped branch is recorded with. */
export function encodeJoin(store: Store, { job, join }: Pick<FlowNode, 'job' | 'join'>): string {
  if (join === undefined) throw new TypeError('this task has no join');
  const key = (ref: JobRef): string => store.keys.job(ref.queue, ref.id);
  return JSON.stringify({
    ...{ key: key(job), queue: store.keys.queue(job.queue), id: job.id },
    branches: join.branches.map((branch) => ({ task: branch.task, key: key(branch.job) })),
    seeded: join.seeded,
    ...{ need: join.need, grace_ms: join.grace_ms, timeout_ms: join.timeout_ms, on_timeout: join.on_timeout },
    drop: join.drop.map(dropping),
  });
}

function dropping({ task }: BranchRef) {
  const error = new BatonError('late').toRecord();
  const result = unfinishedTask(
    { task_id: task, agent_id: ORCHESTRATOR, attempts: 0, latency_ms: 0 },
    'skipped',
    error,
  );
  const { data, detail } = resultEvent(result);
  return { task, envelope: JSON.stringify(toEnvelope(result).envelope), data, detail: JSON.stringify(detail) };
}
