import { afterAll, beforeAll, expect, test } from 'vitest';
import { seen } from '../support/agents/scripted.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine();
});

afterAll(() => engine[Symbol.asyncDispose]());

test('a task that may not fail ends the run at once: its siblings are aborted, nothing begins afterwards', async () => {
  const began = performance.now();
  const { run, events, record, results } = await engine.runToEnd(
    planOf({
      bad: { input_data: { fail: true }, retries: 0 },
      slow: { input_data: { hang: true } },
      later: { after: ['slow'] },
      end: { after: ['bad', 'slow'], on_dependency_failure: 'fail' },
    }),
  );
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(record).toMatchObject({ status: 'failed', error: { code: 'dependency_failed' } });
  expect(record.error?.message).toContain('bad');
  expect(events.at(-1)).toMatchObject({ name: 'run.failed' });
  expect(results.get('slow')).toMatchObject({ status: 'skipped', error: { code: 'dependency_failed' } });
  expect(seen.calls.filter(({ key }) => key.startsWith(run)).map(({ task }) => task)).not.toContain('later');
});

test('a task whose dependency was skipped fails the run too when its policy says so', async () => {
  const { record } = await engine.runToEnd(
    planOf({
      bad: { input_data: { fail: true }, retries: 0 },
      skipped: { after: ['bad'] },
      end: { after: ['skipped'], on_dependency_failure: 'fail' },
    }),
  );
  expect(record).toMatchObject({ status: 'failed', error: { code: 'dependency_failed' } });
  expect(record.error?.message).toContain('skipped');
});

test('an optional task that fails keeps nobody from running, and the run is not partial but says so', async () => {
  const { record, results, events } = await engine.runToEnd(
    planOf({
      extra: { input_data: { fail: true }, retries: 0, optional: true },
      main: {},
      end: { after: ['extra', 'main'], on_dependency_failure: 'fail' },
    }),
  );
  expect(results.get('end')?.status).toBe('completed');
  expect(record.status).toBe('completed');
  expect(events.at(-1)).toMatchObject({
    detail: { partial: false, warnings: [expect.stringContaining('extra failed')] },
  });
});

test('an edge that only orders hands nothing on, and a failure at its other end stops nobody', async () => {
  const { results, run } = await engine.runToEnd(
    planOf({ first: { input_data: { fail: true, ms: 30 }, retries: 0 }, second: { behind: ['first'] } }),
  );
  expect(results.get('second')?.status).toBe('completed');
  expect(seen.began.get(`${run}.second`)).toBeGreaterThan(seen.began.get(`${run}.first`) ?? Number.POSITIVE_INFINITY);
});
