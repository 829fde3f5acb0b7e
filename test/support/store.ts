import { Redis } from 'ioredis';
import { isTerminalEvent, type StreamEvent } from '../../src/contracts/event.ts';
import { keysOf, shardPrefix } from '../../src/contracts/keys.ts';
import type { Plan } from '../../src/contracts/plan.ts';
import { rootEvent } from '../../src/contracts/root-event.ts';
import type { Stop } from '../../src/contracts/run.ts';
import { plainOptions } from '../../src/contracts/run-options.ts';
import { type Flow, openFlow } from '../../src/flow/flow.ts';
import { requestStop } from '../../src/flow/stop.ts';
import { createRun } from '../../src/journal/create.ts';
import { decodeEntry, type StreamEntry } from '../../src/journal/event-codec.ts';
import type { Store } from '../../src/journal/store.ts';
import { closeStopped } from '../../src/orchestrator/close-stopped.ts';
import { newRunId } from '../../src/orchestrator/run-id.ts';

/** A store and its flow on a test's own Redis, as a worker process has them. */
export type TestStore = AsyncDisposable & { readonly store: Store; readonly flow: Flow; connect(): Redis };

/** Opens connections to `url`; dispose closes all of them. */
export function openTestStore(url: string): TestStore {
  const connections: Redis[] = [];
  const connect = (): Redis => {
    const redis = new Redis(url, { maxRetriesPerRequest: null });
    redis.on('error', () => undefined); // tests that cut connections expect it
    connections.push(redis);
    return redis;
  };
  const store = { redis: connect(), keys: keysOf(shardPrefix()) };
  const flow = openFlow(store, connect());
  return {
    store,
    flow,
    connect,
    [Symbol.asyncDispose]: async () => {
      await flow.close();
      for (const redis of connections) redis.disconnect();
    },
  };
}

/** A run's record with run.created, as submitRun writes it; returns its id. */
export async function createTestRun(store: Store, plan?: Plan, options = plainOptions): Promise<string> {
  const { run } = await createRun(store, {
    run: newRunId(),
    query: 'a query',
    plan,
    metadata: {},
    options,
    idempotency: undefined,
    event: rootEvent(0, { name: 'run.created', data: '', detail: { query: 'a query', planned: plan !== undefined } }),
  });
  return run;
}

/** Why the runs of tests are told to stop. */
export const cancelled: Stop = { as: 'cancelled', code: 'cancelled', message: 'why' };

/** Ends a run whatever it does, as a cancel does. */
export async function endTestRun(store: Store, run: string): Promise<void> {
  await requestStop(store, run, cancelled);
  await closeStopped(store, run);
}

/** Every event of a run that is in its stream now. */
export async function eventsOf({ redis, keys }: Store, run: string): Promise<StreamEvent[]> {
  const entries = await redis.xrange(keys.run(run).events, '-', '+');
  return entries.map((entry) => decodeEntry(run, entry as StreamEntry));
}

/** Waits for a run's terminal event on a connection of its own, at most `timeoutMs`; gives back every event of the run. */
export async function eventsOfEndedRun(
  { store, connect }: Pick<TestStore, 'store' | 'connect'>,
  run: string,
  timeoutMs = 20_000,
): Promise<StreamEvent[]> {
  const redis = connect();
  const deadline = Date.now() + timeoutMs;
  const events: StreamEvent[] = [];
  try {
    while (!events.some((event) => isTerminalEvent(event.name))) {
      const left = deadline - Date.now();
      if (left <= 0)
        throw new Error(
          `run ${run} did not end: ${events.map((event) => `${event.task_id} ${event.name}`).join(', ')}`,
        );
      const after = events.at(-1)?.id ?? '0';
      const reply = await redis.xread(
        'COUNT',
        1_000,
        'BLOCK',
        Math.min(left, 1_000),
        'STREAMS',
        store.keys.run(run).events,
        after,
      );
      for (const entry of reply?.[0]?.[1] ?? []) events.push(decodeEntry(run, entry as StreamEntry));
    }
    return events;
  } finally {
    redis.disconnect();
  }
}
