import { setTimeout as pause } from 'node:timers/promises';
import { DelayedError, type Job, UnrecoverableError, WaitingChildrenError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Verdict } from '../contracts/verdict.ts';
import { type Finishing, finishingBackend } from '../flow/finish.ts';
import { NO_STALL_LIMIT } from '../flow/job-options.ts';
import type { Store } from '../journal/store.ts';
import type { ActiveJobs } from './active-jobs.ts';

/** Seconds a blocked read waits: below the connections' socketTimeout. */
const DRAIN_DELAY_SECONDS = 5;

/** What a processor sees of a job. */
export type PoolJob = {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly data: unknown;
  /** BullMQ's: 1 is taken first. */
  readonly priority: number;
  /** How often a worker has died over it. */
  readonly deaths: number;
  /** How often it was begun, this time included: more than once when it was away for a while, or its worker has died. */
  readonly starts: number;
};

export type Processor = (job: PoolJob, signal: AbortSignal) => Promise<Verdict>;

export type PoolOptions = {
  /** For the queues. */
  readonly redis: Redis;
  readonly store: Store;
  readonly processors: ReadonlyMap<string, Processor>;
  readonly active: ActiveJobs;
  /** Jobs of one queue this process works on at once. */
  readonly concurrency: number;
  readonly lockMs: number;
  readonly stalledMs: number;
  /** Hears of trouble that belongs to no job. Lost connections are the connection's owner's to log. */
  readonly onError: (error: Error) => void;
  /** Hears of a processor that threw: the job comes back. */
  readonly onThrown: (job: { readonly id: string; readonly name: string }, error: Error) => void;
};

export type WorkerPool = {
  /** The beginnings of its jobs' lock tokens. */
  readonly locks: readonly string[];
  /** Begins to take jobs. */
  start(): void;
  /** Takes no more jobs, gives the running ones `graceMs`, hands the rest back, closes; never waits longer than that and a bit. */
  close(graceMs: number): Promise<void>;
};

/** Hand-backs and a close of BullMQ's own get this long after the grace time. */
const CLOSE_MS = 3_000;

/** Opens one BullMQ worker per queue; they take jobs once it is started. */
export async function openWorkerPool(options: PoolOptions): Promise<WorkerPool> {
  const workers = [...options.processors].map(([queue, processor]) => openWorker(options, queue, processor));
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  return {
    locks: workers.map((worker) => worker.id),
    start: () => {
      for (const worker of workers) void worker.run().catch(options.onError);
    },
    close: (graceMs) => closePool(workers, options.active, graceMs),
  };
}

function openWorker(options: PoolOptions, queue: string, processor: Processor): Worker {
  const finishings = new Map<string, Finishing>();
  const tools = { active: options.active, processor, finishings };
  const workerOptions = {
    connection: options.redis,
    prefix: options.store.keys.prefix,
    autorun: false,
    concurrency: options.concurrency,
    lockDuration: options.lockMs,
    stalledInterval: options.stalledMs,
    maxStalledCount: NO_STALL_LIMIT,
    drainDelay: DRAIN_DELAY_SECONDS,
  };
  const run = (job: Job, token?: string) => processJob(tools, { job, token });
  const worker = new Worker(queue, run, workerOptions, finishingBackend(options.store, finishings));
  // BullMQ goes on after a lost lock by default, while another worker runs the same task.
  worker.on('lockRenewalFailed', (jobs) => {
    for (const job of jobs) options.active.loseLock(job);
  });
  worker.on('error', (error) => {
    if (!isConnectionError(error)) options.onError(error);
  });
  worker.on('failed', (job, error) => {
    if (!(error instanceof UnrecoverableError)) options.onThrown({ id: job?.id ?? '', name: job?.name ?? '' }, error);
  });
  return worker;
}

function isConnectionError(error: Error): boolean {
  return 'code' in error || /^(Connection is closed|Command timed out|Socket (closed|timeout))/.test(error.message);
}

/** What every job's data says of its owner; the rest is for its processor to parse. */
const AnyJob = z.object({ run_id: z.string(), task: z.object({ task_id: z.string() }).optional().catch(undefined) });

type Taken = { readonly job: Job; readonly token: string | undefined };

type Tools = {
  readonly active: ActiveJobs;
  readonly processor: Processor;
  readonly finishings: Map<string, Finishing>;
};

async function processJob(
  { active, processor, finishings }: Tools,
  { job, token }: Taken,
): Promise<{ status: string }> {
  const id = job.id ?? '';
  const { run_id: run, task } = AnyJob.parse(job.data);
  await active.whenFree(id);
  const own = active.open(id, { run, task: task?.task_id ?? '' });
  let verdict: Verdict | undefined;
  try {
    verdict = await processor(toPoolJob(job), own.signal);
    if (verdict.kind !== 'settle') return await act(verdict, { job, token });
  } finally {
    if (verdict?.kind !== 'settle') own.close();
  }
  const { settlement, onCounted } = verdict;
  finishings.set(id, { settlement, onCounted, close: own.close });
  return { status: settlement.result.status };
}

function toPoolJob(job: Job): PoolJob {
  return {
    id: job.id ?? '',
    name: job.name,
    queue: job.queueName,
    data: job.data,
    priority: job.priority,
    deaths: job.stalledCounter,
    starts: job.attemptsStarted,
  };
}

/** The return value is small on purpose: BullMQ copies it into the parent and into its events. */
async function act(verdict: Exclude<Verdict, { kind: 'settle' }>, { job, token }: Taken): Promise<{ status: string }> {
  switch (verdict.kind) {
    case 'done':
      return { status: verdict.status };
    case 'failed':
      throw new UnrecoverableError(verdict.message); // red in the dashboard; the result is recorded already
    case 'again':
      return handBack({ job, token }, verdict.delayMs);
    case 'wait':
      if (await job.moveToWaitingChildren(token ?? '')) throw new WaitingChildrenError();
      return handBack({ job, token }, verdict.elseMs ?? 0); // what it waits for was there before it could step out
    default:
      return verdict satisfies never;
  }
}

async function handBack({ job, token }: Taken, delayMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + delayMs, token);
  throw new DelayedError();
}

async function closePool(workers: readonly Worker[], active: ActiveJobs, graceMs: number): Promise<void> {
  const closed = Promise.allSettled(workers.map((worker) => worker.close()));
  const done = new AbortController();
  // Idle, and not closed: BullMQ's close may hang for a while after Redis was away, with nothing left to wait for.
  const grace = pause(graceMs, undefined, { signal: done.signal }).catch(() => undefined);
  await Promise.race([closed, active.whenIdle(), grace]);
  active.drain();
  await Promise.race([closed, pause(CLOSE_MS, undefined, { signal: done.signal }).catch(() => undefined)]);
  done.abort();
}
