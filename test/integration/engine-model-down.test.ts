import { expect, test } from 'vitest';
import { plainOptions } from '../../src/contracts/run-options.ts';
import { loadRun } from '../../src/journal/load-run.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { planOf } from '../support/plans.ts';
import { eventsOfEndedRun } from '../support/store.ts';
import { useTestStore } from '../support/use-store.ts';
import { startTestWorker } from '../support/worker.ts';

const opened = useTestStore();

/** Port 9 is discard: nothing listens there. */
const modelDown = { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' };

async function runToEnd(request: Parameters<typeof submitRun>[1]) {
  const { run } = await submitRun(opened.flow, request);
  const events = await eventsOfEndedRun(opened, run);
  return { events, record: (await loadRun(opened.store, run))?.record };
}

test('a model that is down is tried three times, then the run fails and says so', async () => {
  await using _worker = await startTestWorker({ redisUrl: opened.redis.url, env: modelDown });
  const { events, record } = await runToEnd({ query: 'a query', metadata: {}, options: plainOptions });
  expect(events.filter(({ name }) => name === 'task.retrying')).toHaveLength(2);
  expect(events.at(-1)).toMatchObject({ name: 'run.failed', detail: { error: { code: 'model_unavailable' } } });
  expect(record).toMatchObject({ status: 'failed', error: { code: 'model_unavailable' } });
});

test('a model that is down at the end costs no result: the texts themselves are the answer, partial and with a warning', async () => {
  await using _worker = await startTestWorker({ redisUrl: opened.redis.url, env: modelDown });
  const { events, record } = await runToEnd({ plan: planOf({ a: {}, b: {} }), metadata: {}, options: plainOptions });
  expect(record).toMatchObject({ status: 'completed', partial: '1', response: 'a done\n\nb done' });
  expect(events.at(-1)).toMatchObject({ name: 'run.completed', detail: { partial: true } });
  expect(record?.warnings?.[0]).toMatch(/^The results were not merged into one answer: /);
});

test('a worker without a model fails planning with the sentence that says what to set', async () => {
  await using _worker = await startTestWorker({ redisUrl: opened.redis.url });
  const { record } = await runToEnd({ query: 'a query', metadata: {}, options: plainOptions });
  expect(record?.error).toMatchObject({ code: 'model_not_configured' });
  expect(record?.error?.message).toMatch(/OPENAI_API_KEY.*OPENAI_BASE_URL/);
});
