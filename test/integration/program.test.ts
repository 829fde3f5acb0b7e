import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveAgent } from '../../src/agents/serve.ts';
import type { Orchestration } from '../../src/authoring/orchestrate.ts';
import { resultOf } from '../../src/authoring/result-of.ts';
import { programLimits } from '../../src/contracts/program.ts';
import { loadRounds } from '../../src/journal/load-rounds.ts';
import { decideInterrupt } from '../../src/orchestrator/interrupts.ts';
import { viewRun } from '../../src/orchestrator/view-run.ts';
import { registerAgent } from '../../src/registry/register.ts';
import * as flows from '../support/agents/flows.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';

let engine: Engine;

beforeAll(async () => {
  const agents = [fileURLToPath(new URL('../support/agents/flows.ts', import.meta.url))];
  // One agent is registered by its test: the worker's snapshot may come to know of it a moment later.
  engine = await openEngine({ agents, env: { BATON_AGENT_WAIT_MS: '10000' } });
});

afterAll(() => engine[Symbol.asyncDispose]());

type Flow = Orchestration<never, unknown>;

/** What was said in calls of the worker for this run, in order. */
const saidIn = (run: string) => flows.calls.filter((key) => key.startsWith(run)).map((key) => key.replace(/^\S+ /, ''));

async function submit(flow: Flow, input?: object): Promise<string> {
  return engine.submit(await (flow as unknown as Orchestration<object, unknown>).plan(input)); // each flow's own input
}

async function runToEnd<Result>(flow: Orchestration<never, Result>, input?: object) {
  const { run, results, events, record } = await engine.ended(await submit(flow, input));
  const view = await viewRun(engine.opened.store, run);
  if (view === undefined) throw new Error('the run is gone');
  return { run, results, events, record, view, said: saidIn(run), result: () => resultOf(view, flow) };
}

test('it goes the way that its results say, and each step is a task', async () => {
  const short = await runToEnd(flows.branching, { word: 'hi' });
  expect(short.result()).toEqual({ way: 'short', said: 'again' });
  expect(short.said).toEqual(['hi', 'again']);
  const long = await runToEnd(flows.branching, { word: 'hello' });
  expect(long.result()).toEqual({ way: 'long', said: 'hello' });
  expect(long.said).toEqual(['hello']);
  expect(long.record.status).toBe('completed');
  const spawned = short.events.filter(({ name }) => name === 'task.spawned');
  expect(spawned).toHaveLength(5);
});

test('it loops as often as it is told, and each turn is called once', async () => {
  const { said, result } = await runToEnd(flows.looping, { turns: 30 });
  expect(said).toEqual(Array.from({ length: 30 }, (_, n) => `turn ${n}`));
  expect(result()).toBe(said.join(', '));
});

test('a step that fails is an error that the function catches', async () => {
  const { result } = await runToEnd(flows.catching);
  expect(result()).toMatch(/^instead: Step "worker" failed: .*bad was told to fail/);
});

test('a race goes to the first one, and ends the others', async () => {
  const { run, result, said, results } = await runToEnd(flows.racing);
  expect(result()).toBe('fast, end');
  expect(said.toSorted()).toEqual(['end', 'fast', 'slow']);
  expect(flows.aborted.filter((key) => key.startsWith(run))).toHaveLength(1);
  const late = [...results.values()].filter(({ error }) => error?.code === 'late');
  expect(late).toHaveLength(1);
});

test('one chain goes on while another one waits', async () => {
  const run = await submit(flows.chains);
  await eventually(async () => (saidIn(run).includes('free-2') ? true : undefined));
  expect(saidIn(run)).not.toContain('held-2');
  flows.gate.emit('release');
  await engine.ended(run);
  const view = await viewRun(engine.opened.store, run);
  expect(view?.response).toBe('held-2 and free-2');
  expect(saidIn(run).toSorted()).toEqual(['free-1', 'free-2', 'held-1', 'held-2']);
});

test('a share of its steps is enough where it says so, and what needs others gets their texts', async () => {
  const { result } = await runToEnd(flows.sharing);
  expect(JSON.parse(result())).toEqual({ some: ['good', null, null], last: 'after after good', other: 'other' });
});

test.each([
  ['approve', undefined, /^approved: Approved: Shall it go out\?/],
  ['edit', 'only on Monday', /^edited: only on Monday$/],
  ['reject', undefined, /^kept in$/],
] as const)(
  'a human is asked without a worker, and %s is what the function goes by',
  async (decision, content, expected) => {
    const run = await submit(flows.asking);
    await engine.eventOf(run, ({ name }) => name === 'interrupt.requested');
    const asked = (await viewRun(engine.opened.store, run))?.interrupts[0];
    expect(JSON.parse(asked?.content ?? '')).toMatchObject({ description: 'Shall it go out?' });
    await decideInterrupt(engine.opened.flow, asked?.id ?? '', {
      ...{ decision, hash: asked?.hash ?? '', reason: '' },
      ...(content !== undefined && { content }),
    });
    await engine.ended(run);
    expect((await viewRun(engine.opened.store, run))?.response).toMatch(expected);
  },
);

test('a flow is a step of another one', async () => {
  const { result, said } = await runToEnd(flows.outer);
  expect([result(), said]).toEqual(['the short way', ['hi', 'again']]);
});

test('a function that goes another way than before fails by name, and no step of it is lost', async () => {
  const { result, view } = await runToEnd(flows.wavering);
  expect(result).toThrow(expect.objectContaining({ code: 'program_diverged' }));
  expect(result).toThrow('Step "worker" was begun with another task');
  expect(view.results.filter(({ status }) => status === 'failed').map(({ task_id }) => task_id)).toEqual(['wavering']);
});

test('a function that never ends is ended', async () => {
  const { result, said } = await runToEnd(flows.endless);
  expect(result).toThrow(expect.objectContaining({ code: 'program_endless' }));
  expect(said).toHaveLength(programLimits.steps);
}, 60_000);

test.each([
  [flows.throwing, 'this is beyond me'],
  [flows.waiting, 'waits for something that is none of its steps'],
] as const)('what the function fails with is what its task fails with, at once', async (flow, message) => {
  const { result, said } = await runToEnd(flow);
  expect(result).toThrow(expect.objectContaining({ code: 'program_failed' }));
  expect(result).toThrow(message);
  expect(said).toEqual(['one']);
});

const step = { key: 'a', description: 'x', required_capability: 'custom' };

test.each([
  ['prose', 'I would next call the worker.', 'came: I would next'],
  ['another form', '{"next": []}', 'steps'],
  ['no steps', '{"steps": []}', 'none is under way'],
  ['an unknown field', JSON.stringify({ steps: [{ ...step, color: 'red' }] }), 'color'],
  ['a key twice', JSON.stringify({ steps: [step, step] }), 'steps[1].key: "a" is another step'],
  [
    'a step that is not there',
    JSON.stringify({ steps: [{ ...step, depends_on: ['b'] }] }),
    'steps[0].depends_on[0]: "b"',
  ],
  [
    'steps that wait for each other',
    JSON.stringify({ steps: [step, { ...step, key: 'b', depends_on: ['a'] }] }),
    'have ended',
  ],
  ['a stranger to cancel', JSON.stringify({ steps: [step], cancel: ['b'] }), 'cancel[0]'],
  ['too many', JSON.stringify({ steps: Array.from({ length: 101 }, (_, n) => ({ ...step, key: `k${n}` })) }), 'steps'],
])('an agent that answers with %s fails its program, once and by name', async (_what, answer, message) => {
  const plan = planOf({ p: { kind: 'program', agent: 'raw', input_data: { answer } } });
  const { results } = await engine.runToEnd(plan);
  expect(results.get('p')).toMatchObject({ status: 'failed', error: { code: 'program_invalid' } });
  expect(results.get('p')?.error?.message).toContain(message);
  expect(results.get('p.0')?.attempts).toBe(1);
});

test("a program is nobody's agent but that of its own tasks", async () => {
  const { results } = await engine.runToEnd(
    planOf({ t: { agent: 'racing', retries: 0, timeout_ms: 500 }, u: { input_data: { answer: 'x' } } }),
  );
  expect(results.get('t')).toMatchObject({ status: 'failed' });
  expect(results.get('u')).toMatchObject({ status: 'completed', agent_id: 'raw' });
});

test('a flow that serves over HTTP works as one in a worker, and its steps may be anybody', async () => {
  await using served = await serveAgent(flows.httpFlow, { batonUrl: null, signals: false });
  await registerAgent(engine.opened.store, { agent: served.descriptor, mode: 'put' });
  const { result, said } = await runToEnd(flows.httpFlow, { words: ['one', 'two'] });
  expect(result()).toEqual({ words: ['one', 'two'], chars: 6 });
  expect(said.toSorted()).toEqual(['one', 'two']);
});

test('texts of its steps reach it whole, and too much of them is an error', async () => {
  const fits = await runToEnd(flows.reading, { sizes: [900_000, 900_000, 2_000, 2_000, 2_000, 2_000] });
  expect(fits.result()).toBe('1808000');
  const large = await runToEnd(flows.reading, { sizes: Array(5).fill(900_000) });
  expect(large.result).toThrow(expect.objectContaining({ code: 'output_too_large' }));
});

test('a flow that waits for nothing is a graph, and runs without its agent', async () => {
  const plan = await flows.graph.plan({ word: 'hi' });
  expect(plan.sub_tasks.map(({ task_id, kind }) => `${task_id} ${kind}`)).toEqual([
    'worker agent',
    'worker-2 agent',
    'end agent',
  ]);
  const { result } = await runToEnd(flows.graph, { word: 'hi' });
  expect(result()).toMatchObject({ said: expect.stringMatching(/^end after (hi|there)$/) });
});

test('a program that a join goes on without loses its steps with it', async () => {
  const plan = planOf({
    p: { kind: 'program', agent: 'chains' },
    q: { agent: 'raw', input_data: { answer: 'here' } },
    end: { after: ['p', 'q'], join: { min_fraction: 0.5 }, agent: 'raw', input_data: { answer: 'end' } },
  });
  const run = await engine.submit(plan);
  const { results } = await engine.ended(run);
  expect(results.get('p')?.error?.code).toBe('late');
  expect(results.get('end')).toMatchObject({ status: 'completed', response: 'end' });
});

const held = { agent: 'worker', required_capability: 'custom', description: 'x', input_data: { say: 'x', hold: true } };
const quick = { ...held, input_data: { say: 'quick' } };

function scripted(answers: Readonly<Record<string, object>>, rest: object = {}) {
  return planOf({ p: { kind: 'program', agent: 'scripted', input_data: { answers, ...rest } } });
}

test('a step that ends while the program thinks wakes it, whatever it has asked for meanwhile', async () => {
  const asked = once(flows.gate, 'asked');
  const answers = {
    '': {
      steps: [
        { key: 'a', ...held },
        { key: 'b', ...quick },
      ],
      wake: 'any',
    },
    b: { steps: [{ key: 'c', ...held }], wake: 'any' },
    'b,a': { result: 'c was not waited for' },
  };
  const run = await engine.submit(scripted(answers, { hold: 'b' }));
  await asked;
  flows.gate.emit('release');
  await engine.eventOf(run, ({ name, task_id }) => name === 'task.completed' && task_id === 'p.1');
  flows.gate.emit('answer');
  const { results } = await engine.ended(run);
  expect(results.get('p')).toMatchObject({ status: 'completed', response: 'c was not waited for' });
  expect(results.get('p.4')).toMatchObject({ status: 'skipped', error: { code: 'late' } });
});

test('a step whose job was never added gets one when its program goes on', async () => {
  const approval = { key: 'c', kind: 'approval', description: 'Well?', required_capability: 'custom' };
  const answers = {
    '': { steps: [{ key: 'a', ...held }, approval], wake: 'any' },
    a: { steps: [] },
    'a,c': { result: 'both' },
  };
  const run = await engine.submit(scripted(answers));
  await engine.eventOf(run, ({ name }) => name === 'interrupt.requested');
  await eventually(async () => (saidIn(run).includes('x') ? true : undefined));
  const round = (await loadRounds(engine.opened.store, run, 'p'))[1];
  const { queue, id } = round?.children[1]?.job ?? { queue: '', id: '' };
  await eventually(async () => ((await engine.opened.flow.queue(queue).remove(id)) === 1 ? true : undefined));
  flows.gate.emit('release');
  await eventually(async () => ((await engine.opened.flow.queue(queue).getJob(id)) === undefined ? undefined : true));
  const { id: asked = '', hash = '' } = (await viewRun(engine.opened.store, run))?.interrupts[0] ?? {};
  await decideInterrupt(engine.opened.flow, asked, { decision: 'approve', hash, reason: '' });
  const { results } = await engine.ended(run);
  expect(results.get('p')).toMatchObject({ status: 'completed', response: 'both' });
});

test('a program that fails ends the steps that it does not wait for any more', async () => {
  const { run, result } = await runToEnd(flows.overfull);
  expect(result).toThrow(expect.objectContaining({ code: 'output_too_large' }));
  expect(flows.aborted.filter((key) => key.startsWith(run))).toHaveLength(1);
});

test('what a dropped program has begun in programs of its own ends with it', async () => {
  const plan = planOf({
    p: { kind: 'program', agent: 'nested' },
    q: { kind: 'program', agent: 'scripted', input_data: { answers: { '': { result: 'here' } }, hold: '' } },
    end: { after: ['p', 'q'], join: { min_fraction: 0.5 }, agent: 'raw', input_data: { answer: 'end' } },
  });
  const asked = once(flows.gate, 'asked');
  const run = await engine.submit(plan);
  await asked;
  await engine.eventOf(run, ({ name, task_id }) => name === 'task.completed' && task_id === 'p.1.5'); // its question after free-2
  flows.gate.emit('answer');
  const { results } = await engine.ended(run);
  const late = [...results].flatMap(([id, { error }]) => (error?.code === 'late' ? [id] : []));
  expect(late.toSorted()).toEqual(['p', 'p.1', 'p.1.1']);
  expect(flows.aborted.filter((key) => key.startsWith(`${run}.p.1.1 `))).toHaveLength(1);
});
