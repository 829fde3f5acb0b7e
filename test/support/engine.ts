// A real Redis, a store, a model that always answers, and a whole worker, for tests that run plans to their end.

import type { z } from 'zod';
import type { StreamEvent } from '../../src/contracts/event.ts';
import type { Plan } from '../../src/contracts/plan.ts';
import type { TaskResult } from '../../src/contracts/result.ts';
import { RunOptions } from '../../src/contracts/run-options.ts';
import { loadRun, type RunRecord } from '../../src/journal/load-run.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { eventually } from './processes.ts';
import { startTestRedis, type TestRedis } from './redis.ts';
import { chunk, openScriptedModel, streamOf } from './scripted-model.ts';
import { eventsOf, eventsOfEndedRun, openTestStore, type TestStore } from './store.ts';
import { startTestWorker, type TestWorkerOptions } from './worker.ts';

export type Ran = {
  readonly run: string;
  readonly events: readonly StreamEvent[];
  readonly record: RunRecord;
  readonly results: ReadonlyMap<string, TaskResult>;
};

export type Engine = AsyncDisposable & {
  readonly redis: TestRedis;
  readonly opened: TestStore;
  submit(plan: Plan, options?: z.input<typeof RunOptions>): Promise<string>;
  /** The first event that is so, as soon as it is there. */
  eventOf(run: string, isIt: (event: StreamEvent) => boolean): Promise<StreamEvent>;
  /** Everything of a run at its end. */
  ended(run: string): Promise<Ran>;
  runToEnd(plan: Plan, options?: z.input<typeof RunOptions>): Promise<Ran>;
};

/** `appendonly`: what Redis holds outlives its death. */
type EngineOptions = Omit<TestWorkerOptions, 'redisUrl'> & { readonly appendonly?: boolean };

/** Opens them; dispose closes all of them. */
export async function openEngine({ appendonly = false, ...options }: EngineOptions = {}): Promise<Engine> {
  const model = await openScriptedModel([streamOf([chunk('the answer', 'stop')])]);
  const redis = await startTestRedis({ appendonly });
  const opened = openTestStore(redis.url);
  const worker = await startTestWorker({
    redisUrl: redis.url,
    concurrency: 100,
    ...options,
    env: { ...model.env, ...options.env },
  });
  const submit = async (plan: Plan, asked: z.input<typeof RunOptions> = {}): Promise<string> =>
    (await submitRun(opened.flow, { plan, metadata: {}, options: RunOptions.parse(asked) })).run;
  const ended = async (run: string): Promise<Ran> => {
    const events = await eventsOfEndedRun(opened, run);
    const state = await loadRun(opened.store, run);
    if (state === undefined) throw new Error('the run has no record');
    return { run, events, record: state.record, results: state.results };
  };
  return {
    redis,
    opened,
    submit,
    eventOf: (run, isIt) => eventually(async () => (await eventsOf(opened.store, run)).find(isIt)),
    ended,
    runToEnd: async (plan, asked) => ended(await submit(plan, asked)),
    [Symbol.asyncDispose]: async () => {
      await worker[Symbol.asyncDispose]();
      await opened[Symbol.asyncDispose]();
      await redis.stop();
      await model[Symbol.asyncDispose]();
    },
  };
}
