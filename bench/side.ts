import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Plan } from '../src/contracts/plan.ts';
import { waitUntil } from '../src/runtime/wait-until.ts';

/** The two that are compared: baton, and a plain flow of BullMQ's FlowProducer. */
export const sideNames = ['baton', 'plain'] as const;
export type SideName = (typeof sideNames)[number];

/** Who adds the work of one side; its worker is a process of its own. */
export type Side = AsyncDisposable & {
  readonly redis: Redis;
  /** Adds a plan; resolves with the id of its root job when Redis has it. */
  submit(plan: Plan): Promise<string>;
  /** The one queue in which all tasks are, and the one of the roots. */
  readonly tasks: Queue;
  readonly roots: Queue;
  /** Throws when the run of this root did less than the work that is measured. */
  verify(root: string, plan: Plan): Promise<void>;
};

/** Jobs of one queue that the worker process of either side works on at once. */
export const CONCURRENCY = 50;

/** Any run or round ends within this, or the bench fails. */
const RUN_MS = 60_000;

/** Waits until a side has ended `count` runs in all, and looks every `everyMs`. */
export async function waitForRoots(
  { redis, roots, tasks }: Side,
  { count, everyMs }: { readonly count: number; readonly everyMs: number },
): Promise<void> {
  const key = roots.toKey('completed');
  const ended = async (): Promise<boolean> => (await redis.zcard(key)) >= count;
  if (await waitUntil(ended, { timeoutMs: RUN_MS, everyMs })) return;
  const came = `came ${await redis.zcard(key)}; tasks: ${JSON.stringify(await tasks.getJobCounts())}`;
  throw new Error(`expected ${count} ended runs within ${RUN_MS} ms, ${came}`);
}
