// A flow that branches, over real processes: its worker is killed in the middle of a step, and another one goes on.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineAgent, openClient, orchestrate, resultOf, serveAgent } from '../../src/authoring/baton.ts';
import { startBaton } from '../support/processes.ts';
import { startTestRedis } from '../support/redis.ts';

test('kill -9 of the worker in mid-program: no step that had ended is called again, and the result is the same', async () => {
  const redis = await startTestRedis();
  const env = { REDIS_URL: redis.url, BATON_PORT: '0' };
  const calls: string[] = [];
  const third = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const adder = defineAgent({
    id: 'adder',
    capabilities: ['data_analysis'],
    input: z.object({ sum: z.number() }),
    output: z.object({ sum: z.number() }),
    invoke: async ({ sum, task_id }) => {
      calls.push(task_id);
      if (sum === 2) {
        third.resolve();
        await goOn.promise;
      }
      return { sum: sum + 1 };
    },
  });
  const flow = orchestrate({ id: 'count', output: z.int() }, async ({ task }) => {
    let sum = 0;
    while (sum < 5) ({ sum } = await task(adder, { input: { sum } }));
    return sum;
  });
  {
    await using api = await startBaton(['api'], env);
    const victim = await startBaton(['worker'], env);
    const options = { batonUrl: api.ready.url ?? '', signals: false };
    await using _adder = await serveAgent(adder, options);
    await using _flow = await serveAgent(flow, options);
    const client = openClient({ url: api.ready.url ?? '' });
    const { run_id } = await client.submit({ plan: await flow.plan() });
    await third.promise;
    victim.signal('SIGKILL');
    await victim.exited;
    goOn.resolve();
    await using _heir = await startBaton(['worker'], env);
    const run = await client.wait(run_id, { signal: AbortSignal.timeout(60_000) });
    expect(resultOf(run, flow)).toBe(5);
  }
  await redis.stop();
  const counts = Map.groupBy(calls, (id) => id);
  expect(counts.size).toBe(5);
  const twice = [...counts.values()].filter(({ length }) => length > 1);
  expect(twice.map(([id]) => id)).toEqual(twice.length === 0 ? [] : [calls[2]]);
});
