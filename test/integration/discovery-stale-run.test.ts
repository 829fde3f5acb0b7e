// A run whose plan was made with agents of a discovery service that answers no more says so.
import { expect, test } from 'vitest';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import { RunOptions } from '../../src/contracts/run-options.ts';
import { decideInterrupt } from '../../src/orchestrator/interrupts.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { viewRun } from '../../src/orchestrator/view-run.ts';
import { saveAnswer } from '../../src/registry/discovery-state.ts';
import { applyForeignAgents } from '../../src/registry/foreign-refresh.ts';
import { eventually } from '../support/processes.ts';
import { startTestRedis } from '../support/redis.ts';
import { chunk, openScriptedModel, say, streamOf } from '../support/scripted-model.ts';
import { openScriptedServer } from '../support/scripted-server.ts';
import { eventsOfEndedRun, openTestStore, type TestStore } from '../support/store.ts';
import { startTestWorker } from '../support/worker.ts';

const task = { task_id: 'a', description: 'do a', required_capability: 'custom', input_data: [], depends_on: [] };
const plan = say(JSON.stringify({ reasoning: 'because', sub_tasks: [task] }));

/** What the service said last, an hour ago; a text, which needs no probe. */
async function rememberOldAnswer({ store }: TestStore, url: string): Promise<void> {
  const told = { agent_id: 'foreign', name: 'Foreign', static_response: 'fixed', capabilities: ['translation'] };
  await applyForeignAgents(store, [AgentDescriptor.parse(told)]);
  await saveAnswer(store, { url, agents: 1, skipped: [] });
  await store.redis.hset(store.keys.discovery, 'refreshed_at', Date.now() - 3_600_000);
}

async function approveFirst({ flow, store }: TestStore, run: string): Promise<void> {
  const question = await eventually(async () => (await viewRun(store, run))?.interrupts[0]);
  await decideInterrupt(flow, question.id, { decision: 'approve', reason: '', hash: question.hash });
}

test.each([
  ['made and carried out', {}],
  ['approved by a human in between', { interrupt_after: ['plan'] }],
])('the run of a plan that was %s tells since when, and of how many agents', async (_how, options) => {
  await using service = await openScriptedServer((response) => void response.writeHead(500).end());
  await using model = await openScriptedModel([plan, streamOf([chunk('the answer', 'stop')])]);
  await using redis = await startTestRedis();
  await using opened = openTestStore(redis.url);
  await rememberOldAnswer(opened, service.url);
  const env = { ...model.env, DISCOVERY_SERVICE_URL: service.url };
  await using _worker = await startTestWorker({ redisUrl: redis.url, env });
  const { run } = await submitRun(opened.flow, { query: 'a query', metadata: {}, options: RunOptions.parse(options) });
  if ('interrupt_after' in options) await approveFirst(opened, run);
  const end = (await eventsOfEndedRun(opened, run)).at(-1);
  const warnings = [
    expect.stringMatching(
      /^The discovery service has not answered since \d{4}-.*: the plan was made with 1 of its agents/,
    ),
  ];
  expect(end).toMatchObject({ name: 'run.completed', detail: { partial: false, warnings } });
  expect((await viewRun(opened.store, run))?.warnings).toEqual(warnings);
});
