// Agents that ask back, with ONE slot per queue: whoever waits for an answer must not hold it.
import { fileURLToPath } from 'node:url';
import { TaskState } from '@a2a-js/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defineAgent, toDescriptor } from '../../src/agents/definition.ts';
import { invokeAgent } from '../../src/agents/invoke.ts';
import { openLocalAgents } from '../../src/agents/local-agents.ts';
import { serveAgent } from '../../src/agents/serve.ts';
import { foldEvents } from '../../src/contracts/fold.ts';
import type { Decision, InterruptView } from '../../src/contracts/interrupt.ts';
import { limits } from '../../src/contracts/limits.ts';
import { releaseJob } from '../../src/flow/revive.ts';
import { cancelRun } from '../../src/orchestrator/cancel-run.ts';
import { decideInterrupt, expireInterrupt, viewInterrupt } from '../../src/orchestrator/interrupts.ts';
import { removeEndedRun } from '../../src/orchestrator/remove-run.ts';
import { viewRun } from '../../src/orchestrator/view-run.ts';
import { viewTimeline } from '../../src/orchestrator/view-timeline.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { invokeIsolated } from '../../src/workers/isolate/invoke-isolated.ts';
import { openA2aAgent } from '../support/a2a-agent.ts';
import { agents, heard, PRIVATE } from '../support/agents/asking.ts';
import { openTestApi } from '../support/api.ts';
import { runCommand } from '../support/command.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { openLocalHttp } from '../support/http.ts';
import { planOf, type TaskSketch } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';

const module = fileURLToPath(new URL('../support/agents/asking.ts', import.meta.url));
let engine: Engine;

beforeAll(async () => {
  engine = await openEngine({ agents: [module], concurrency: 1, env: { BATON_RECONCILE_MS: '600000' } });
});

afterAll(() => engine[Symbol.asyncDispose]());

const flow = () => engine.opened.flow;
const store = () => engine.opened.store;
const translation = { capability: 'translation' } as const;
const asks = (count: number, more: TaskSketch = {}): TaskSketch => ({
  ...translation,
  input_data: { asks: count },
  ...more,
});
const callsOf = (run: string, task = 'a') => heard.get(`${run}.${task}`) ?? [];

/** The question of a run that is open now. */
function openQuestion(run: string, round = 1): Promise<InterruptView> {
  const isIt = ({ state, id }: InterruptView) => state === 'open' && id.endsWith(`~question.${round}`);
  return eventually(async () => (await viewRun(store(), run))?.interrupts.find(isIt));
}

type Given = Pick<Decision, 'decision'> & Partial<Decision>;

const decide = (question: InterruptView, given: Given) =>
  decideInterrupt(flow(), question.id, { reason: '', hash: question.hash, ...given });

const answer = (content: string): Given => ({ decision: 'edit', content });

/** True once the job has left its queue: no worker has a part in it any more. */
const steppedOut = (id: string, queue = 'cap-translation') =>
  eventually(async () => ((await flow().queue(queue).getJobState(id)) === 'waiting-children' ? true : undefined));

test('an agent asks twice and is answered: the same agent goes on, nobody waits for it meanwhile, and its drafts are void', async () => {
  const run = await engine.submit(planOf({ a: asks(2), other: { ...asks(0), behind: [] }, b: { after: ['a'] } }));
  const first = await openQuestion(run);
  expect(first).toMatchObject({ subject: 'question', content: 'question 1?', task_id: 'a', on_expiry: 'reject' });
  await engine.eventOf(run, ({ name, task_id }) => name === 'task.completed' && task_id === 'other');
  expect(await viewRun(store(), run)).toMatchObject({ status: 'waiting', tasks: [{ status: 'waiting' }, {}, {}] });
  await steppedOut(`${run}.0`);
  const agent = callsOf(run)[0]?.agent;
  expect(first.asked_by).toEqual({ agent_id: agent, kind: 'input' });

  await decide(first, answer('in May'));
  const second = await openQuestion(run, 2);
  expect(second.content).toBe('question 2?');
  expect(await viewInterrupt(store(), first.id)).toMatchObject({ state: 'edited' });
  await decide(second, { decision: 'approve' });

  const { results, events } = await engine.ended(run);
  expect(results.get('a')).toMatchObject({
    status: 'completed',
    response: 'draft 2 with ["in May",""]',
    agent_id: agent,
  });
  expect(results.get('b')?.status).toBe('completed');
  expect(callsOf(run)).toEqual([[], ['in May'], ['in May', '']].map((answers) => ({ agent, answers })));
  const folded = foldEvents(events);
  expect(folded).toMatchObject({ status: 'completed' });
  expect(folded.tasks.find(({ task_id }) => task_id === 'a')?.text).toBe('draft 2 with ["in May",""]');
  const timeline = await viewTimeline(store(), run);
  expect(timeline?.tasks[0]?.attempts.map(({ outcome }) => outcome)).toEqual(['asked', 'asked', 'completed']);
  expect(JSON.stringify([events, await viewRun(store(), run)])).not.toContain(PRIVATE);
});

test('what a human answers once cannot be answered again, and an empty answer is no answer', async () => {
  const run = await engine.submit(planOf({ a: asks(1) }));
  const question = await openQuestion(run);
  await expect(decide(question, answer(''))).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(decide({ ...question, hash: 'f'.repeat(64) }, answer('x'))).rejects.toMatchObject({
    code: 'stale_content',
  });
  await decide(question, answer('yes'));
  await expect(decide(question, answer('no'))).rejects.toMatchObject({ code: 'already_decided' });
  expect((await engine.ended(run)).results.get('a')?.response).toBe('draft 1 with ["yes"]');
});

test('a rejected question fails its task as rejected, and its dependents follow their policy', async () => {
  const plan = planOf({ a: asks(1), b: { after: ['a'] }, c: { after: ['a'], on_dependency_failure: 'partial' } });
  const run = await engine.submit(plan);
  const question = await openQuestion(run);
  await decide(question, { decision: 'reject', reason: 'none of its business' });
  const { results } = await engine.ended(run);
  expect(results.get('a')).toMatchObject({
    status: 'failed',
    agent_id: question.asked_by?.agent_id,
    error: { code: 'rejected', message: 'none of its business' },
  });
  expect([results.get('b')?.status, results.get('c')?.status]).toEqual(['skipped', 'completed']);
  expect(callsOf(run)).toHaveLength(1);
});

test("when nobody answers in time the run's own rule decides, else the task's", async () => {
  const interrupt = { expires_ms: 60_000, on_expiry: 'approve' } as const;
  const approved = await engine.submit(planOf({ a: asks(1) }), { interrupt });
  const question = await openQuestion(approved);
  expect(question.on_expiry).toBe('approve');
  expect(Date.parse(question.expires_at) - Date.parse(question.requested_at)).toBe(60_000);
  await expireInterrupt(flow(), question.id);
  expect((await engine.ended(approved)).results.get('a')?.response).toBe('draft 1 with [""]');

  const rejected = await engine.submit(planOf({ a: asks(1, { timeout_ms: 500 }) }), {
    interrupt: { expires_ms: 1_000, on_expiry: 'reject' },
  });
  const { results, events } = await engine.ended(rejected); // by its timer, and after the time of the task itself
  expect(results.get('a')).toMatchObject({ status: 'failed', error: { code: 'rejected' } });
  expect(events.find(({ name }) => name === 'interrupt.resolved')?.detail).toMatchObject({ expired: true });
});

test('the time limit of a task stands still while it waits for a human', async () => {
  const run = await engine.submit(planOf({ a: asks(1, { timeout_ms: 400 }) }));
  const question = await openQuestion(run);
  const waitedUntil = Date.parse(question.requested_at) + 600;
  await eventually(async () => (Date.now() > waitedUntil ? true : undefined));
  await decide(question, answer('late'));
  expect((await engine.ended(run)).results.get('a')?.status).toBe('completed');
});

test('a run that is cancelled withdraws the question', async () => {
  const run = await engine.submit(planOf({ a: asks(1) }));
  const question = await openQuestion(run);
  await cancelRun(flow(), run);
  expect((await engine.ended(run)).results.get('a')).toMatchObject({ status: 'skipped' });
  expect(await viewInterrupt(store(), question.id)).toMatchObject({ state: 'withdrawn' });
  expect(callsOf(run)).toHaveLength(1);
  expect(await store().redis.zscore(store().keys.interrupts, question.id)).toBeNull();
});

test('a join that goes on without the task withdraws its newest question', async () => {
  const plan = planOf({
    a: asks(2),
    quick: { approval: { when: 'before' } },
    all: { after: ['a', 'quick'], join: { min_fraction: 0.5, late: 'drop' } },
  });
  const run = await engine.submit(plan);
  await decide(await openQuestion(run), answer('x'));
  const second = await openQuestion(run, 2);
  await decide(await viewInterrupt(store(), `${run}~quick~input`), { decision: 'approve' });
  const { results, events } = await engine.ended(run);
  expect(results.get('all')?.status).toBe('completed');
  expect(results.get('a')).toMatchObject({ status: 'skipped', error: { code: 'late' } });
  const resolved = events.flatMap(({ name, detail }) => (name === 'interrupt.resolved' ? [detail] : []));
  expect(resolved.at(-1)).toMatchObject({ interrupt_id: second.id, state: 'withdrawn', open: 0 });
});

test('an agent that asks without end is stopped', async () => {
  const run = await engine.submit(planOf({ a: asks(100, { retries: 0 }) }));
  for (let round = 1; round <= limits.questions; round += 1)
    await decide(await openQuestion(run, round), { decision: 'approve' });
  const { results } = await engine.ended(run);
  expect(results.get('a')).toMatchObject({
    status: 'failed',
    error: { code: 'agent_failed', message: expect.stringContaining('asks without end') },
  });
});

test('a job that comes back while its question is open waits on, and calls nobody', async () => {
  const run = await engine.submit(planOf({ a: asks(1) }));
  const question = await openQuestion(run);
  const job = { queue: 'cap-translation', id: `${run}.0` };
  await steppedOut(job.id);
  const { redis, keys } = store();
  await redis.del(`${keys.job(job.queue, job.id)}:dependencies`);
  await releaseJob(flow(), job);
  await eventually(async () =>
    (await redis.exists(`${keys.job(job.queue, job.id)}:dependencies`)) === 1 ? true : undefined,
  );
  await steppedOut(job.id);
  expect(callsOf(run)).toHaveLength(1);
  await decide(question, answer('still here'));
  expect((await engine.ended(run)).results.get('a')?.response).toBe('draft 1 with ["still here"]');
});

test('an answer that met a failure is given again, to the same agent', async () => {
  const run = await engine.submit(planOf({ a: { ...translation, input_data: { asks: 1, failOnce: true } } }));
  await decide(await openQuestion(run), answer('yes'));
  const { results } = await engine.ended(run);
  expect(results.get('a')?.response).toBe('draft 1 with ["yes"]');
  const calls = callsOf(run);
  expect(calls.map(({ answers }) => answers)).toEqual([[], ['yes'], ['yes']]);
  expect(new Set(calls.map(({ agent }) => agent)).size).toBe(1);
});

test('a call that ended with a question is paid for what it says that it used', async () => {
  const run = await engine.submit(planOf({ a: asks(1) }), { budget: { max_tokens: 100_000 } });
  await decide(await openQuestion(run), answer('yes'));
  const { events } = await engine.ended(run);
  const paid = events.flatMap(({ name, detail }) => (name === 'budget.updated' ? [detail] : []));
  expect(paid[0]).toMatchObject({ spent: { tokens: 7 } });
});

test('the run takes its questions along when it leaves', async () => {
  const run = await engine.submit(planOf({ a: asks(2) }));
  await decide(await openQuestion(run), answer('x'));
  await decide(await openQuestion(run, 2), answer('y'));
  await engine.ended(run);
  await removeEndedRun(flow(), run);
  expect(await store().redis.keys(`*${run}*`)).toEqual([]);
});

test('a call in a process of its own may end with a question', async () => {
  const [asking] = agents;
  if (asking === undefined) expect.fail('expected an agent');
  const payload = { task_id: 'a', description: 'x', context: {}, failed_context: {} };
  const events = invokeIsolated([module], {
    agent: toDescriptor(asking, { transport: 'in_process' }),
    call: {
      ...{ runId: 'r', taskId: 'a', attempt: 1, payload, idempotencyKey: 'r.a' },
      answer: { text: 'x', resume: '' },
    },
    signal: AbortSignal.timeout(20_000),
  });
  const said = await Array.fromAsync(events);
  expect(said.at(-1)).toMatchObject({ type: 'question', text: 'question 1?', usage: { total_tokens: 7 } });
});

test('an A2A agent asks, is answered in its own task, and completes', async () => {
  const { TASK_STATE_INPUT_REQUIRED, TASK_STATE_COMPLETED } = TaskState;
  await using opened = await openA2aAgent({
    behave: (say, { task, userMessage }) => {
      const [part] = userMessage.parts;
      say.task();
      if (task === undefined) return say.status(TASK_STATE_INPUT_REQUIRED, 'Which city?');
      say.artifact(part?.content?.$case === 'text' ? `To ${part.content.value}` : '');
      say.status(TASK_STATE_COMPLETED);
    },
  });
  await openRegistry(store()).put({ ...opened.agent, agent_id: 'travel', capabilities: ['search'] });
  const run = await engine.submit(planOf({ a: { capability: 'search' } }));
  const question = await openQuestion(run);
  expect(question).toMatchObject({ content: 'Which city?', asked_by: { agent_id: 'travel', kind: 'input' } });
  await decide(question, answer('Rome'));
  expect((await engine.ended(run)).results.get('a')).toMatchObject({ status: 'completed', response: 'To Rome' });
  expect(opened.cancelled).toEqual([]);
});

test.each([
  ['static', {}],
  ['dynamic_events', { stream_format: 'sse' }],
  ['dynamic_events', { stream_format: 'ndjson' }],
] as const)('an agent behind HTTP asks and is answered (%s, %j)', async (mode, format) => {
  const ask = { question: 'Which city?', resume: 'step 2' };
  const about = { id: 'desk', capabilities: ['custom'], ...format } as const;
  const definition =
    mode === 'static'
      ? defineAgent({
          ...about,
          invoke: ({ human_answer: told }) => (told === undefined ? ask : `${told.text}, ${told.resume}`),
        })
      : defineAgent({
          ...about,
          async *stream({ human_answer: told }) {
            yield told === undefined ? ask : `${told.text}, ${told.resume}`;
          },
        });
  await using served = await serveAgent(definition, { batonUrl: null, signals: false });
  await using http = openLocalHttp();
  const payload = { task_id: 'a', description: 'x', context: {}, failed_context: {} };
  const call = { runId: 'r0123456789012345678901', taskId: 'a', attempt: 1, payload };
  const say = async (told: object = {}, attempt = 1) =>
    Array.fromAsync(
      invokeAgent({
        agent: served.descriptor,
        call: { ...call, attempt, payload: { ...payload, ...told }, idempotencyKey: `r0123456789012345678901.a` },
        ...{ http, local: openLocalAgents([]), signal: AbortSignal.timeout(10_000) },
      }),
    );
  expect(await say()).toEqual([
    { type: 'question', kind: 'input', text: 'Which city?', resume: 'step 2', usage: null },
  ]);
  const events = await say({ human_answer: { text: 'Rome', resume: 'step 2' } }, 2);
  expect(events.map((event) => ('text' in event ? event.text : event.type))).toEqual(['Rome, step 2', 'done']);
});

test('from a terminal one sees who asks, and answers in words', async () => {
  await using api = await openTestApi(engine.redis.url);
  const run = await engine.submit(planOf({ a: asks(1, { input_data: { asks: 1, kind: 'auth' } }) }));
  const { id, asked_by } = await openQuestion(run);
  const listed = await runCommand(['interrupts', '--run', run, '--url', api.url]);
  expect(listed.stdout).toContain(`${asked_by?.agent_id} asks to be authorized`);
  expect(listed.stdout).toContain('question 1?');
  // Words that look like JSON are words here.
  const decided = await runCommand(['decide', id, 'edit', '--content', '{"done": true}', '--url', api.url]);
  expect(decided).toMatchObject({ code: 0, stdout: `${id} edited\n` });
  expect((await engine.ended(run)).results.get('a')?.response).toBe('draft 1 with ["{\\"done\\": true}"]');
});
