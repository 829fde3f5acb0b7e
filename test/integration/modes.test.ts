import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StreamEvent } from '../../src/contracts/event.ts';
import { agentQueues, queueOf } from '../../src/contracts/job.ts';
import { loadFreeCapacity } from '../../src/flow/capacity.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { useTestStore } from '../support/use-store.ts';

describe('a run in a mode', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine();
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  const wide = planOf(
    Object.fromEntries(
      Array.from({ length: 10 }, (_, i) => [`t${i}`, { input_data: { ms: 10 + ((i * 7) % 5) * 10 } }]),
    ),
  );

  /** The most tasks that had started and not ended, by the run's events. */
  function mostAtOnce(events: readonly StreamEvent[]): number {
    const running = new Set<string>();
    let most = 0;
    for (const { name, task_id } of events) {
      if (task_id === 'root') continue;
      if (name === 'task.started') running.add(task_id);
      if (name === 'task.completed') running.delete(task_id);
      most = Math.max(most, running.size);
    }
    return most;
  }

  test.each([
    ['sequential', 1],
    ['adaptive', 3],
    ['parallel', 5],
  ] as const)('%s runs at most %d tasks at once, and says how it was decided', async (mode, lanes) => {
    const { events, record } = await engine.runToEnd(wide, { mode });
    expect(record.status).toBe('completed');
    expect(mostAtOnce(events)).toBeLessThanOrEqual(lanes);
    const decision = { asked: mode, mode, lanes, interdependency: 0 };
    expect(record.mode).toMatchObject(decision);
    expect(events.find((event) => event.name === 'plan.ready')?.detail).toMatchObject({ mode: decision });
    expect(record.plan?.sub_tasks.flatMap((task) => task.after).length).toBeGreaterThan(0);
  });

  test('auto decides from the plan', async () => {
    const chain = planOf({ a: {}, b: { after: ['a'] }, c: { after: ['b'] } });
    const { record } = await engine.runToEnd(chain, { mode: 'auto' });
    expect(record.mode).toMatchObject({ asked: 'auto', mode: 'sequential', lanes: 1, interdependency: 1 });
    expect(record.plan?.sub_tasks.flatMap((task) => task.after)).toEqual([]);
  });

  test('without one is the plain DAG', async () => {
    const { events, record } = await engine.runToEnd(planOf({ a: {}, b: {} }));
    expect(record.mode).toBeNull();
    expect(events.find((event) => event.name === 'plan.ready')?.detail).toMatchObject({ mode: null });
  });

  test('a task of a lane begins although the one before it failed', async () => {
    const plan = planOf({ a: { input_data: { fail: true }, retries: 0 }, b: {} });
    const { results } = await engine.runToEnd(plan, { mode: 'sequential' });
    expect([results.get('a')?.status, results.get('b')?.status]).toEqual(['failed', 'completed']);
  });
});

describe('free capacity', () => {
  const opened = useTestStore();

  test('is whole while no worker is known', async () => {
    expect(await loadFreeCapacity(opened.flow)).toBe(1);
  });

  test("is the idle share of all workers' slots for tasks, never below 0", async () => {
    const { redis: commands, keys } = opened.store;
    const known = { pid: 1, host: 'h', started_at: new Date().toISOString(), locks: [] };
    const record = (concurrency: number, queues: readonly string[]) =>
      JSON.stringify({ ...known, concurrency, queues });
    await commands.hset(keys.workers, {
      w1: record(2, [...agentQueues, 'root', 'orchestrator']),
      w2: record(3, [queueOf('custom'), queueOf('search')]),
      w3: 'of another version',
    });
    await commands.rpush(`${keys.queue(queueOf('custom'))}:active`, 'r.0', 'r.1', 'r.2');
    await commands.rpush(`${keys.queue(queueOf('search'))}:active`, 'r.3', 'r.4');
    expect(await loadFreeCapacity(opened.flow)).toBe(1 - 5 / (2 * 7 + 3 * 2));
    await commands.rpush(`${keys.queue(queueOf('custom'))}:active`, ...Array.from({ length: 30 }, (_, i) => `s.${i}`));
    expect(await loadFreeCapacity(opened.flow)).toBe(0);
  });
});
