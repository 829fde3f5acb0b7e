// First token: from the moment in which an agent writes it to the moment in which a reader of the API's event stream has it.

import { defineAgent } from '../src/agents/definition.ts';
import { type ServedAgent, serveAgent } from '../src/agents/serve.ts';
import { ROOT_TASK } from '../src/contracts/ids.ts';
import { openChild } from './child.ts';
import { readRun } from './event-reader.ts';
import { type Figure, percentile } from './figure.ts';
import { openBenchRedis } from './redis.ts';

const RUNS = 200;
/** Runs before those that count: they warm the processes up. */
const WARM_UP = 20;
/** Runs at the same time. */
const AT_ONCE = 2;

/** Milliseconds over 200 runs of one task, two at a time, through a real API, a worker and an agent behind HTTP. */
export async function measureFirstToken(binary: string): Promise<readonly Figure[]> {
  await using redis = await openBenchRedis(binary);
  await using _worker = await openChild('baton-worker', [redis.url]);
  await using api = await openChild('api', [redis.url]);
  const audience = openAudience();
  await using _agent = await serveStamper(api.url, audience);
  await timeRuns(api.url, audience, WARM_UP);
  const times = await timeRuns(api.url, audience, RUNS);
  return [
    { workload: 'first-token', metric: 'p50', value: percentile(times, 0.5), unit: 'ms', plain: null },
    { workload: 'first-token', metric: 'p99', value: percentile(times, 0.99), unit: 'ms', plain: null },
  ];
}

/** Lets an agent wait until somebody reads its run live: what is measured is not a replay. */
type Audience = { readonly of: (run: string) => PromiseWithResolvers<void>; readonly forget: (run: string) => void };

function openAudience(): Audience {
  const runs = new Map<string, PromiseWithResolvers<void>>();
  return {
    of: (run) => {
      const known = runs.get(run) ?? Promise.withResolvers<void>();
      runs.set(run, known);
      return known;
    },
    forget: (run) => void runs.delete(run),
  };
}

/** An agent in token mode whose first token is the time at which it was written. It is in this process: one clock. */
function serveStamper(batonUrl: string, audience: Audience): Promise<ServedAgent> {
  const stamper = defineAgent({
    id: 'stamper',
    capabilities: ['text_generation'],
    timeout_seconds: 10,
    async *stream(_task, { runId = '' }) {
      await audience.of(runId).promise;
      yield String(performance.now());
    },
  });
  return serveAgent(stamper, { batonUrl, signals: false, log: () => undefined });
}

async function timeRuns(apiUrl: string, audience: Audience, runs: number): Promise<readonly number[]> {
  const times: number[] = [];
  let started = 0;
  const readOn = async (): Promise<void> => {
    while (started < runs) {
      started += 1;
      times.push(await timeRun(apiUrl, audience));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, readOn));
  return times;
}

async function timeRun(apiUrl: string, audience: Audience): Promise<number> {
  let ms = Number.NaN;
  for await (const { event, arrivedAt } of readRun(apiUrl, planOfOne)) {
    if (event.name === 'task.started' && event.task_id !== ROOT_TASK) audience.of(event.run_id).resolve();
    if (event.name === 'task.token') ms = arrivedAt - Number(event.data);
    if (event.name === 'run.completed') audience.forget(event.run_id);
  }
  if (Number.isNaN(ms)) throw new Error('expected a token with the time at which it was written, came none');
  return ms;
}

const planOfOne = {
  sub_tasks: [{ task_id: 'only', description: 'say the time', required_capability: 'text_generation' }],
};
