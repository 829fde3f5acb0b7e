// Making agents from templates, and taking them out again, on a real Redis: the pool, what is sent twice, and what a crash leaves.
import { randomBytes } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { AgentId, RunId } from '../../src/contracts/ids.ts';
import { defaultPool } from '../../src/contracts/pool.ts';
import { unfinishedTask } from '../../src/contracts/result.ts';
import { openSweeper } from '../../src/orchestrator/reconcile/reconcile.ts';
import { removeEndedRun } from '../../src/orchestrator/remove-run.ts';
import { viewPool } from '../../src/registry/pool.ts';
import { spawnAgent } from '../../src/registry/spawn.ts';
import { spawnedAgentId } from '../../src/registry/spawn-descriptor.ts';
import { retireAgents, retireSettled, SPAWNED_START, sweepSpawned } from '../../src/registry/spawn-retire.ts';
import { openTemplates } from '../../src/registry/template-store.ts';
import { claimOf, spawningOf, templateOf } from '../support/spawning.ts';
import { createTestRun, endTestRun, eventsOf } from '../support/store.ts';
import { useTestStore } from '../support/use-store.ts';

const opened = useTestStore();

beforeEach(async () => {
  await opened.store.redis.flushall();
});

/** A run whose tasks have all begun. */
async function runWith(...tasks: string[]): Promise<string> {
  const run = await createTestRun(opened.store);
  for (const task of tasks) await claimOf(opened.store, run, task);
  return run;
}

const pool = () => viewPool(opened.store, defaultPool);
const registered = () => opened.store.redis.hkeys(opened.store.keys.agents);

/** Records how a task ended, as its agent's work. */
async function recordEnd(run: string, task: string, fields: object): Promise<void> {
  const { redis: commands, keys } = opened.store;
  const head = { task_id: task, agent_id: 'x', attempts: 1, latency_ms: 100 };
  const result = { ...unfinishedTask(head, 'failed', { code: 'agent_failed', message: 'no' }), by_reference: false };
  await commands.hset(keys.run(run).results, task, JSON.stringify({ ...result, ...fields }));
}

test('an agent is registered, holds its part of the pool, belongs to its run, and its making is told once', async () => {
  const run = await runWith('a');
  const spawning = spawningOf({ run, task: 'a', score: 0.75 });
  const agent = await spawnAgent(opened.store, spawning);
  expect(await spawnAgent(opened.store, spawning)).toEqual(agent);

  expect(agent).toMatchObject({
    ...{ transport: 'model', streaming_mode: 'dynamic_events', max_concurrent_tasks: 3, timeout_seconds: 300 },
    model: { system_prompt: 'You are worker.' },
    metadata: { spawned: true, run_id: run, task_id: 'a', template: 'worker', parameters: { quality_threshold: 0.8 } },
  });
  const { keys, redis: commands } = opened.store;
  expect(await registered()).toEqual([agent.agent_id]);
  expect(await commands.smembers(keys.run(run).agents)).toEqual([agent.agent_id]);
  expect((await pool()).taken).toEqual({ agents: 1, memory_mb: 64, tokens_per_minute: 10_000 });
  const events = (await eventsOf(opened.store, run)).filter(({ name }) => name === 'agent.spawned');
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({
    ...{ task_id: 'a', agent_id: agent.agent_id, attempt: 1 },
    detail: { agent_id: agent.agent_id, template: 'worker', score: 0.75 },
  });
});

test('fifty that are made at once on two connections never take more than there is, and each refusal says so', async () => {
  const tasks = Array.from({ length: 50 }, (_, index) => `t${index}`);
  const run = await runWith(...tasks);
  const other = { redis: opened.connect(), keys: opened.store.keys };
  const twice = tasks.flatMap((task) => [task, task]); // every one of them is sent twice, too
  const outcomes = await Promise.allSettled(
    twice.map((task, index) =>
      spawnAgent(index % 2 === 0 ? opened.store : other, spawningOf({ run, task, capacity: { agents: 7 } })),
    ),
  );
  const made = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.agent_id] : []));
  expect(new Set(made).size).toBe(7);
  expect((await pool()).taken.agents).toBe(7);
  expect(await registered()).toHaveLength(7);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'resource_unavailable' });
});

test.each([
  ['memory_mb', { memory_mb: 600 }, { memory_mb: 1_000 }],
  ['tokens_per_minute', { tokens_per_minute: 5 }, { tokens_per_minute: 9 }],
  ['agents', {}, { agents: 1 }],
])('too little %s is named, and nothing of the refused agent stays', async (unit, resources, capacity) => {
  const run = await runWith('a', 'b');
  const template = templateOf('worker', { resources });
  await spawnAgent(opened.store, spawningOf({ run, task: 'a', template, capacity }));
  const before = await pool();
  await expect(spawnAgent(opened.store, spawningOf({ run, task: 'b', template, capacity }))).rejects.toMatchObject({
    code: 'resource_unavailable',
    message: expect.stringContaining(unit),
  });
  expect(await pool()).toEqual(before);
  expect(await registered()).toHaveLength(1);
});

test('an agent of which nothing would come holds nothing', async () => {
  const run = await runWith('a');
  const places = Array.from({ length: 100 }, () => '{{words}}').join('');
  const parameters = { words: { type: 'text', max_chars: 1_000, default: '' } };
  const template = templateOf('worker', { prompt: places, parameters });
  const use = { id: 'worker', parameters: { words: 'x'.repeat(1_000) } };
  await expect(spawnAgent(opened.store, spawningOf({ run, task: 'a', template, use }))).rejects.toMatchObject({
    code: 'agent_creation_failed',
  });
  expect((await pool()).agents).toEqual([]);
  expect(await registered()).toEqual([]);
});

test('no agent is made for an attempt that is no longer the current one, nor for a run that has ended', async () => {
  const run = await runWith('a');
  await expect(spawnAgent(opened.store, spawningOf({ run, task: 'a', epoch: 2 }))).rejects.toMatchObject({
    code: 'lock_lost',
  });
  await endTestRun(opened.store, run);
  await expect(spawnAgent(opened.store, spawningOf({ run, task: 'a' }))).rejects.toMatchObject({ code: 'cancelled' });
  expect(await registered()).toEqual([]);
});

test('what somebody has registered under the id stays as it is', async () => {
  const run = await runWith('a');
  const id = spawnedAgentId({ run, task: 'a', template: 'worker' });
  await opened.store.redis.hset(opened.store.keys.agents, id, 'theirs');
  await expect(spawnAgent(opened.store, spawningOf({ run, task: 'a' }))).rejects.toMatchObject({
    code: 'agent_creation_failed',
  });
  expect(await opened.store.redis.hget(opened.store.keys.agents, id)).toBe('theirs');
  expect((await pool()).agents).toEqual([]);
});

test('the agents of a run leave with it, whatever else is known of them, and only they', async () => {
  const [run, other] = [await runWith('a', 'b'), await runWith('a')];
  const agent = await spawnAgent(opened.store, spawningOf({ run, task: 'a' }));
  await spawnAgent(opened.store, spawningOf({ run, task: 'b' }));
  const stays = await spawnAgent(opened.store, spawningOf({ run: other, task: 'a' }));
  const { keys, redis: commands } = opened.store;
  await commands.hset(keys.agentStats(agent.agent_id), 'calls', '1');

  await endTestRun(opened.store, run);
  expect(await registered()).toEqual([stays.agent_id]);
  expect((await pool()).taken.agents).toBe(1);
  expect(await commands.keys(`*${agent.agent_id}*`)).toEqual([]);
  expect(await commands.exists(keys.run(run).agents)).toBe(0);
  expect(await retireAgents(opened.store, run)).toBe(0);
});

test('what a worker leaves behind that dies between the end of a run and its agents is taken out by the sweep', async () => {
  const [run, open] = [await runWith('a'), await runWith('a')];
  await spawnAgent(opened.store, spawningOf({ run, task: 'a' }));
  const stays = await spawnAgent(opened.store, spawningOf({ run: open, task: 'a' }));
  const { keys, redis: commands } = opened.store;
  await commands.hset(keys.run(run).run, 'terminal', 'root 1'); // the end is written, and no more
  const onError = (error: unknown): never => {
    throw error;
  };
  const retention = { ageMs: 60_000, runs: 0 };
  await openSweeper({ flow: opened.flow, periodMs: 60_000, retention, onMended: () => undefined, onError })();
  expect(await registered()).toEqual([stays.agent_id]);
  expect((await pool()).agents.map(({ run_id }) => run_id)).toEqual([open]);
});

test('the sweep also finds agents of a run whose record is gone', async () => {
  const run = await runWith('a');
  await spawnAgent(opened.store, spawningOf({ run, task: 'a' }));
  await opened.store.redis.unlink(
    ...Object.values(opened.store.keys.run(run)).filter((key) => typeof key === 'string'),
  );
  await sweepSpawned(opened.store, SPAWNED_START);
  expect(await registered()).toEqual([]);
  expect((await pool()).agents).toEqual([]);
});

test('a run that is removed takes its agents with it', async () => {
  const run = await runWith('a');
  await spawnAgent(opened.store, spawningOf({ run, task: 'a' }));
  await opened.store.redis.hset(opened.store.keys.run(run).run, { terminal: 'root 1', status: 'failed' });
  expect(await removeEndedRun(opened.flow, run)).toBe(true);
  expect((await pool()).agents).toEqual([]);
});

test('within a run, agents of tasks that have settled make room, and the others stay', async () => {
  const run = await runWith('a', 'b', 'c');
  await spawnAgent(opened.store, spawningOf({ run, task: 'a' }));
  const busy = await spawnAgent(opened.store, spawningOf({ run, task: 'b' }));
  const shared = await spawnAgent(opened.store, spawningOf({ run, task: 'c', exclusive: false }));
  await recordEnd(run, 'a', { status: 'completed' });
  await recordEnd(run, 'c', { status: 'completed' });
  expect(await retireSettled(opened.store, run)).toBe(1);
  expect((await registered()).toSorted()).toEqual([busy.agent_id, shared.agent_id].toSorted());
});

test('the success of a template follows what became of the tasks of its agents, each once', async () => {
  const templates = openTemplates(opened.store);
  const template = templateOf('worker');
  await templates.put(template);
  expect((await templates.get('worker')).record).toEqual({
    ...{ made: 0, completed: 0, failed: 0, success: 1, mean_ms: null },
  });
  const run = await runWith('good', 'bad', 'doubtful', 'skipped');
  const ends = {
    good: { status: 'completed', success: true, error: null, latency_ms: 300 },
    bad: { status: 'failed' },
    doubtful: { status: 'completed', success: true, error: null, confidence: 0.5 },
    skipped: { status: 'skipped' },
  };
  for (const [task, end] of Object.entries(ends)) {
    const { agent_id } = await spawnAgent(opened.store, spawningOf({ run, task, template }));
    await recordEnd(run, task, { ...end, agent_id });
  }
  await Promise.all([retireAgents(opened.store, run), retireAgents(opened.store, run)]);
  expect((await templates.get('worker')).record).toEqual({
    ...{ made: 4, completed: 1, failed: 2, success: 2 / 4, mean_ms: 300 },
  });
});

test('a template that is not monitored keeps its success', async () => {
  const templates = openTemplates(opened.store);
  const template = templateOf('worker', { monitoring_enabled: false });
  await templates.put(template);
  const run = await runWith('a');
  const { agent_id } = await spawnAgent(opened.store, spawningOf({ run, task: 'a', template }));
  await recordEnd(run, 'a', { status: 'failed', agent_id });
  await retireAgents(opened.store, run);
  expect((await templates.get('worker')).record).toMatchObject({ made: 1, failed: 0, success: 1 });
});

test('10,000 agents have 10,000 ids, each a legal one', () => {
  const run = () => `r${randomBytes(11).toString('hex')}`;
  const ids = new Set<string>();
  const names = ['a'.repeat(64), 'research_specialist', 'a-b', 'a'];
  for (let number = 0; number < 10_000; number += 1) {
    const task = `task.${number % 100}${'-x'.repeat(number % 20)}`;
    ids.add(spawnedAgentId({ run: RunId.parse(run()), task, template: names[number % 4] ?? '' }));
  }
  expect(ids.size).toBe(10_000);
  for (const id of ids) expect(AgentId.safeParse(id).success).toBe(true);
  const [one, two] = ['a-b', 'a'].map((template) =>
    spawnedAgentId({ run: 'r', task: template === 'a' ? 'b-c' : 'c', template }),
  );
  expect(one).not.toBe(two);
});
