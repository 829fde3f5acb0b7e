import { setTimeout as pause } from 'node:timers/promises';
import { Job, type JobsOptions } from 'bullmq';
import { BatonError } from '../contracts/error.ts';
import { type JobRef, type TaskJob, toStoredJob } from '../contracts/job.ts';
import type { Flow } from './flow.ts';
import { returningJob } from './job-options.ts';

const TRIES = 5;
const PAUSE_MS = 50;

/** A job as BullMQ's addFlow takes it. */
export type Entry = ReturnType<Job['toFlowEntry']>;

/** A task's job and where it stands in its flow. */
export type TaskPlace = {
  readonly job: JobRef;
  /** The job whose edge BullMQ resolves with this one's completion. */
  readonly parent: JobRef;
  /** It waits for others before it may run. */
  readonly waits: boolean;
  /** BullMQ's: 1 is taken first. */
  readonly priority: number;
};

/**
 * Adds those of these jobs that are not there, all in one MULTI, a parent before its children. Doing it twice, also after a crash
 * at any point or by two processes at the same time, is harmless.
 */
export function addJobs(flow: Flow, entries: readonly Entry[]): Promise<void> {
  return flow.takeTurn(() => addMissing(flow, entries));
}

async function addMissing(flow: Flow, entries: readonly Entry[]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const missing = await watchMissing(flow, entries);
      if (missing.length === 0) return void (await flow.submitRedis.unwatch());
      return throwOnBadReply(await flow.submitQueue.getBackend().addFlow([...missing]));
    } catch (error) {
      if (attempt === TRIES) throw error;
      await recover(flow, attempt);
    }
  }
}

/**
 * NOSCRIPT inside a MULTI repeats for as long as the socket lives, since ioredis sends a script's text once per socket: a new
 * socket sends it again. What was added in part is harmless (see preset.lua) and is left out of the next try.
 */
async function recover({ submitRedis }: Flow, attempt: number): Promise<void> {
  submitRedis.disconnect(true);
  await pause(PAUSE_MS * attempt);
}

/** A task's job for addJobs. */
export function taskEntry(flow: Flow, data: TaskJob, { job, parent, waits, priority }: TaskPlace): Entry {
  const { keys } = flow.store;
  const parentKey = keys.job(parent.queue, parent.id);
  const options: JobsOptions = {
    jobId: job.id,
    priority,
    parent: { id: parent.id, queue: keys.queue(parent.queue) },
    // Any other choice leaves the parent waiting for ever, or fails it early; the dependent decides by its policy.
    ignoreDependencyOnFailure: true,
    ...returningJob,
  };
  return new Job(flow.queue(job.queue), data.task.task_id, toStoredJob(data), options, job.id).toFlowEntry({
    addToWaitingChildren: waits,
    parentKey,
    parentDependenciesKey: `${parentKey}:dependencies`,
  });
}

/**
 * The jobs that are not there. Re-adding one that has failed would re-arm an edge that never resolves, so all are watched: should
 * another submitter add them before our MULTI, Redis refuses it, and we look again.
 */
async function watchMissing({ store, submitRedis }: Flow, entries: readonly Entry[]): Promise<readonly Entry[]> {
  const keys = entries.map((entry) => store.keys.job(entry.queueName, entry.jobId));
  const [, found] = await Promise.all([submitRedis.watch(...keys), submitRedis.exists(...keys)]);
  if (found === 0) return entries;
  const each = await Promise.all(keys.map((key) => submitRedis.exists(key)));
  return entries.filter((_, index) => each[index] === 0);
}

/** BullMQ looks at the first reply only: a job that was not added would be missed. */
function throwOnBadReply(replies: readonly unknown[]): void {
  for (const reply of replies) {
    const [error, value] = reply as [Error | null, string | number]; // ioredis's form of an EXEC reply
    if (error) throw error;
    if (typeof value === 'number' && value < 0)
      throw new BatonError('internal', `bullmq answered ${value} to a flow's job`);
  }
}
