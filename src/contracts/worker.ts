import { z } from 'zod';

/** What a worker process says of itself. `locks` are the beginnings of its jobs' lock tokens: the ids of its BullMQ workers. */
export const WorkerRecord = z.object({
  pid: z.int(),
  host: z.string(),
  started_at: z.iso.datetime(),
  /** Jobs of one queue at once. */
  concurrency: z.int().min(0),
  queues: z.array(z.string()),
  locks: z.array(z.string()),
});
export type WorkerRecord = z.infer<typeof WorkerRecord>;

/** A record as it lies in Redis; undefined for one that cannot be read, as of another version. */
export function readWorkerRecord(text: string): WorkerRecord | undefined {
  try {
    return WorkerRecord.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
