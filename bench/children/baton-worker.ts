// baton's worker process: `node baton-worker.ts <redis url>`, with the no-op agent and without a model.

import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/runtime/config.ts';
import { runWorker } from '../../src/workers/main.ts';
import { CONCURRENCY } from '../side.ts';
import { tellUsage } from './tell-usage.ts';

const [redisUrl = ''] = process.argv.slice(2);
const agents = [fileURLToPath(new URL('./noop-agent.ts', import.meta.url))];
tellUsage();
// Not the environment: a key in it would have each run's end written by a model.
await runWorker(loadConfig({ BATON_LOG_LEVEL: 'error' }), { redisUrl, agents, concurrency: CONCURRENCY });
