// The plain flow's worker process: `node plain-worker.ts <redis url>`.

import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { queueOf, ROOT_QUEUE } from '../../src/contracts/job.ts';
import { PLAIN_PREFIX } from '../plain.ts';
import { CONCURRENCY } from '../side.ts';
import { tellUsage } from './tell-usage.ts';

const [redisUrl = ''] = process.argv.slice(2);
const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
const workers = [queueOf('custom'), ROOT_QUEUE].map(
  (queue) => new Worker(queue, async () => 'x', { connection, prefix: PLAIN_PREFIX, concurrency: CONCURRENCY }),
);
await Promise.all(workers.map((worker) => worker.waitUntilReady()));
tellUsage();
process.once('disconnect', () => process.exit());
process.send?.({ ready: true });
