// How a run ends whose answer a model writes.
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { isTerminalEvent } from '../../src/contracts/event.ts';
import { addUsage } from '../../src/contracts/result.ts';
import { plainOptions } from '../../src/contracts/run-options.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { viewRun } from '../../src/orchestrator/view-run.ts';
import { counted } from '../support/agents/counting.ts';
import { planOf } from '../support/plans.ts';
import { begin, chunk, openScriptedModel, say, streamOf, usage, usageChunk } from '../support/scripted-model.ts';
import { cancelled, eventsOfEndedRun } from '../support/store.ts';
import { useTestStore } from '../support/use-store.ts';
import { startTestWorker } from '../support/worker.ts';

const END_MS = 8_000;
const countingAgents = fileURLToPath(new URL('../support/agents/counting.ts', import.meta.url));

const opened = useTestStore();

const onePlan = say(
  JSON.stringify({
    reasoning: 'because',
    sub_tasks: [
      { task_id: 'a', description: 'do a', required_capability: 'custom', input_data: [], depends_on: [] },
      { task_id: 'b', description: 'do b', required_capability: 'custom', input_data: [], depends_on: ['a'] },
    ],
  }),
);

test('an answer that the model had to cut makes a partial run with a warning', async () => {
  await using model = await openScriptedModel([streamOf([chunk('half an ans'), chunk('', 'length')])]);
  await using _worker = await startTestWorker({ redisUrl: opened.redis.url, env: model.env });
  const { run } = await submitRun(opened.flow, { plan: planOf({ a: {} }), metadata: {}, options: plainOptions });
  const events = await eventsOfEndedRun(opened, run, END_MS);

  const warnings = [expect.stringContaining('cut')];
  expect(events.at(-1)).toMatchObject({ name: 'run.completed', detail: { partial: true, warnings } });
  const view = await viewRun(opened.store, run);
  expect(view).toMatchObject({ status: 'completed', partial: true, warnings, response: 'half an ans' });
});

test('the end of a stream and GET tell the same cost: planning, tasks and answer', async () => {
  await using model = await openScriptedModel([onePlan, streamOf([chunk('the answer', 'stop'), usageChunk])]);
  await using _worker = await startTestWorker({ redisUrl: opened.redis.url, env: model.env, agents: [countingAgents] });
  const { run } = await submitRun(opened.flow, { query: 'the query', metadata: {}, options: plainOptions });
  const end = (await eventsOfEndedRun(opened, run, END_MS)).at(-1);

  const all = addUsage([usage, counted, counted, usage]);
  expect(end).toMatchObject({ name: 'run.completed', detail: { partial: false, usage: all } });
  expect((await viewRun(opened.store, run))?.usage).toEqual(all);
});

test('an answer that is finished after the cancel was asked for does not count', async () => {
  const finish = Promise.withResolvers<void>();
  await using model = await openScriptedModel([
    async (response) => {
      begin(response, [chunk('the answer', 'stop')]);
      await finish.promise;
      response.end('data: [DONE]\n\n');
    },
  ]);
  await using _worker = await startTestWorker({ redisUrl: opened.redis.url, env: model.env });
  const { run } = await submitRun(opened.flow, { plan: planOf({ a: {} }), metadata: {}, options: plainOptions });
  await model.next();
  // The flag alone, as if the message that goes with it had been lost: else the call of the model would be aborted.
  await opened.store.redis.hset(opened.store.keys.run(run).run, 'stop', JSON.stringify(cancelled));
  finish.resolve();

  const events = await eventsOfEndedRun(opened, run, END_MS);
  expect(events.filter(({ name }) => isTerminalEvent(name)).map(({ name }) => name)).toEqual(['run.cancelled']);
  const view = await viewRun(opened.store, run);
  expect(view).toMatchObject({ status: 'cancelled', response: null, error: { code: 'cancelled' } });
});
