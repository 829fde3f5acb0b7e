// What agents and models should not do: each is bounded, told as an event, and the run ends and says why.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import type { EventDetail, EventName, StreamEvent } from '../../src/contracts/event.ts';
import { RunRequest } from '../../src/contracts/run.ts';
import { stateLimits } from '../../src/contracts/state.ts';
import { loadState } from '../../src/journal/load-state.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { viewRun } from '../../src/orchestrator/view-run.ts';
import { panelCalls } from '../support/agents/panel.ts';
import { openTestApi } from '../support/api.ts';
import { planOf, type TaskSketch } from '../support/plans.ts';
import { startTestRedis } from '../support/redis.ts';
import { chunk, openScriptedModel, type ScriptedModel, say, streamOf } from '../support/scripted-model.ts';
import { eventsOfEndedRun, openTestStore, type TestStore } from '../support/store.ts';
import { startTestWorker } from '../support/worker.ts';

const stack = new AsyncDisposableStack();
let opened: TestStore;
let model: ScriptedModel;
/** What the model answers when it is asked for a form. */
let planned = '';

beforeAll(async () => {
  const redis = stack.use(await startTestRedis());
  opened = stack.use(openTestStore(redis.url));
  const door = stack.use(await openTestApi(redis.url));
  const answered = streamOf([chunk('the answer', 'stop')]);
  model = stack.use(
    await openScriptedModel([(response, body) => (body.stream === true ? answered : say(planned))(response, body)]),
  );
  const agents = ['panel', 'misbehaving'].map((name) =>
    fileURLToPath(new URL(`../support/agents/${name}.ts`, import.meta.url)),
  );
  stack.use(await startTestWorker({ redisUrl: redis.url, agents, env: { ...model.env, BATON_URL: door.url } }));
});

afterAll(() => stack.disposeAsync());

async function run(request: z.input<typeof RunRequest>) {
  const before = { asked: model.received.length, called: panelCalls.length };
  const { run: id } = await submitRun(opened.flow, RunRequest.parse(request));
  const events = await eventsOfEndedRun(opened, id);
  const view = await viewRun(opened.store, id);
  if (view === undefined) throw new Error('expected a run');
  return { id, view, events, asked: model.received.length - before.asked, calls: panelCalls.slice(before.called) };
}

const detailsOf = <N extends EventName>(events: readonly StreamEvent[], name: N) =>
  events.flatMap((event) => (event.name === name ? [event.detail as EventDetail<N>] : [])); // its name says so

const plan = (tasks: Readonly<Record<string, TaskSketch>>) => ({ plan: planOf(tasks) });

test('a reviewer that never accepts: four judgements, three revisions, and the run says that it was not accepted', async () => {
  const verdicts = [{ acceptable: false, score: 0.1, feedback: 'never' }];
  const { view, events, calls } = await run(
    plan({
      w: { capability: 'text_generation', agent: 'author' },
      r: { after: ['w'], kind: 'review', capability: 'data_analysis', input_data: { verdicts, input_key: 'never' } },
    }),
  );
  expect(calls.map(({ agent }) => agent).toSorted()).toEqual([...Array(4).fill('author'), ...Array(4).fill('critic')]);
  expect(detailsOf(events, 'review.scored').at(-1)).toMatchObject({
    ...{ round: 3, outcome: 'escalated', reason: 'Not accepted after 3 revision(s).' },
  });
  expect(view.status).toBe('completed');
  expect(detailsOf(events, 'run.completed')[0]?.warnings).toEqual(view.warnings);
  expect(view.warnings.join()).toContain('Not accepted after 3 revision(s).');
});

test('a judge that answers prose: it is asked once, the best answer counts, and the run says so', async () => {
  const answers = { 'voter-1': 'a', 'voter-2': 'b', 'voter-3': 'c' };
  const { view, events, calls } = await run(
    plan({
      v: {
        ...{ kind: 'vote', capability: 'search', consensus: { mode: 'judge', judge: 'judge' } },
        input_data: { answers, judged: 'All of them are lovely.' },
      },
    }),
  );
  expect(calls.filter(({ agent }) => agent === 'judge')).toHaveLength(1);
  expect(detailsOf(events, 'vote.cast')).toHaveLength(3);
  expect(Object.values(answers)).toContain(view.results[0]?.response);
  expect(view.status).toBe('completed');
  expect(detailsOf(events, 'run.completed')[0]?.warnings.join()).toContain('The judge chose none of the answers.');
});

test('a router that names nobody: no call of an agent, and the run fails as no_route with what it said', async () => {
  planned = JSON.stringify({ agent: null, capability: null, input_data: [], reason: 'Nobody here can fly.' });
  const { view, events, asked, calls } = await run({ query: 'Fly me to the moon', strategy: 'route' });
  expect([asked, calls]).toEqual([1, []]);
  expect(detailsOf(events, 'run.failed')).toMatchObject([{ error: view.error }]);
  expect(view.error).toMatchObject({ code: 'no_route', message: expect.stringContaining('Nobody here can fly.') });
});

test('a router that names somebody who is not there: it is asked once more, and the run fails with its fault', async () => {
  planned = JSON.stringify({ agent: 'a99', capability: 'search', input_data: [], reason: 'x' });
  const { view, events, asked, calls } = await run({ query: 'Fly me to the moon', strategy: 'route' });
  expect([asked, calls]).toEqual([2, []]);
  expect(detailsOf(events, 'run.failed')).toMatchObject([{ error: view.error }]);
  expect(view.error).toMatchObject({ code: 'planning_failed', message: expect.stringContaining('a99') });
});

test('an empty list of sections: it is asked for once more, and the run fails with its fault', async () => {
  planned = JSON.stringify({ sections: [] });
  const { view, events, asked, calls } = await run({ query: 'A report on nothing', strategy: 'report' });
  expect([asked, calls]).toEqual([2, []]);
  expect(detailsOf(events, 'run.failed')).toMatchObject([{ error: view.error }]);
  expect(view.error).toMatchObject({
    code: 'planning_failed',
    message: expect.stringContaining('expected 1 to 20 sections, not 0'),
  });
});

test('a message to an agent that is not there: refused at once, told, and its sender’s failure names it', async () => {
  const { view, events } = await run(plan({ x: { agent: 'lost', retries: 0 } }));
  expect(detailsOf(events, 'message.refused')).toMatchObject([
    { code: 'agent_not_found', from: 'lost', to: 'nobody', about: 'nobody' },
  ]);
  expect(detailsOf(events, 'message.sent')).toEqual([]);
  expect(view.status).toBe('failed');
  expect(view.results[0]?.error?.message).toContain('"nobody" is neither registered nor part of this run');
  expect(view.warnings.join()).toContain('nobody');
  expect(detailsOf(events, 'run.failed')).toMatchObject([{ error: view.error }]);
});

test('a state beyond its bound: kept within it, each refusal told, and its writer’s failure names the bound', async () => {
  const { id, view, events } = await run(plan({ x: { agent: 'hoarder', retries: 0 } }));
  const { version, state } = await loadState(opened.store, id);
  const kept = Object.keys(state).length;
  expect([version, kept]).toEqual([8, 8]);
  expect(JSON.stringify(state).length).toBeLessThanOrEqual(stateLimits.bytes);
  expect(detailsOf(events, 'state.changed')).toHaveLength(kept);
  expect(detailsOf(events, 'state.refused')).toEqual(Array(12 - kept).fill({ name: '', reason: 'state_too_large' }));
  expect(view.status).toBe('failed');
  expect(view.results[0]?.error?.message).toContain(`4 of 12 refused: The state may hold 200 values of 512000 bytes`);
  expect(detailsOf(events, 'run.failed')).toMatchObject([{ error: view.error }]);
});
