// The patterns of orchestration on real processes: an API, two workers and the demo agents, with the offline model and agents that do
// what their tasks say. The seeds' own demos are in seed-demos.test.ts.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, openClient, type RunInput } from '../../src/client/index.ts';
import type { EventDetail, EventName, StreamEvent } from '../../src/contracts/event.ts';
import type { RunView } from '../../src/contracts/run.ts';
import { Timeline } from '../../src/contracts/timeline.ts';
import { gateOf, serveActingAgents } from '../support/acting-agents.ts';
import { runCommand } from '../support/command.ts';
import { openPatchingModel, type PatchingModel } from '../support/patching-model.ts';
import { patchText } from '../support/planner.ts';
import { eventually, startBaton } from '../support/processes.ts';
import { startTestRedis } from '../support/redis.ts';

const stack = new AsyncDisposableStack();
let model: PatchingModel;
let url: string;
let client: Client;

beforeAll(async () => {
  const redis = stack.use(await startTestRedis());
  model = stack.use(await openPatchingModel());
  const env = { REDIS_URL: redis.url, BATON_PORT: '0', BATON_AGENT_WAIT_MS: '500', ...model.env };
  const api = stack.use(await startBaton(['api'], env));
  url = api.ready.url ?? '';
  client = openClient({ url });
  const own = { ...env, BATON_URL: url };
  const children = [['worker'], ['worker'], ['demo-agents']].map((args) => startBaton(args, own));
  for (const child of await Promise.all(children)) stack.use(child);
  stack.use(await serveActingAgents(url));
});

afterAll(() => stack.disposeAsync());

type Ran = { readonly view: RunView; readonly events: readonly StreamEvent[] };

async function run(request: RunInput): Promise<Ran> {
  const events: StreamEvent[] = [];
  const signal = AbortSignal.timeout(30_000);
  try {
    for await (const event of client.submitAndStream(request, { signal })) events.push(event);
  } catch (error) {
    const told = events.map(({ task_id, name, data }) => `${task_id} ${name} ${data}`).join('\n');
    throw new Error(`the run did not end: ${told}`, { cause: error });
  }
  return { view: await client.run(events[0]?.run_id ?? ''), events };
}

type Sketch = Readonly<Record<string, unknown>>;

/** A task of an actor, unless it says otherwise; `input` is its input_data. */
const task = (task_id: string, { input = {}, ...rest }: Sketch = {}) => ({
  ...{ task_id, description: `do ${task_id}`, required_capability: 'custom' as const, retries: 0 },
  ...{ agent: 'a', input_data: input as Record<string, unknown>, ...rest },
});
const planOf = (...sub_tasks: readonly ReturnType<typeof task>[]) => ({ plan: { sub_tasks: [...sub_tasks] } });
const statusesOf = ({ tasks, spawned }: RunView) =>
  Object.fromEntries([...tasks, ...spawned].map(({ task_id, status }) => [task_id, status]));
const detailsOf = <N extends EventName>(events: readonly StreamEvent[], name: N) =>
  events.flatMap((event) => (event.name === name ? [event.detail as EventDetail<N>] : [])); // its name says so
const textOf = ({ results }: RunView, id: string) => results.find(({ task_id }) => task_id === id)?.response;

test('A9: a failure is made up for by a patch of the plan; without one the run ends with the best partial answer', async () => {
  const capital = { id: 'new1', capability: 'search', input: { query: 'capital of France' } };
  model.answerPatch(patchText([capital, { id: 'new2', after: ['new1', 'fine'] }], ['end']));
  const broken = task('broken', { input: { act: 'fail' } });
  const plan = planOf(task('fine'), broken, task('end', { depends_on: ['broken', 'fine'] }));
  const { view, events } = await run({ ...plan, options: { recovery: { mode: 'repairable' } } });
  expect(view).toMatchObject({ status: 'completed', partial: false, plan_revision: 1, warnings: [] });
  expect(statusesOf(view)).toEqual({
    ...{ fine: 'completed', broken: 'failed', end: 'skipped' },
    ...{ 'broken.r1': 'completed', 'broken.r2': 'completed' },
  });
  expect(textOf(view, 'broken.r1')).toContain('Paris');
  expect(detailsOf(events, 'plan.patched')).toMatchObject([
    { task_id: 'broken', cause: 'failure', superseded: ['end'] },
  ]);

  const fixed = await run(plan);
  expect(fixed.view).toMatchObject({ status: 'completed', partial: true, plan_revision: 0 });
  expect(statusesOf(fixed.view)).toEqual({ fine: 'completed', broken: 'failed', end: 'skipped' });
  expect(fixed.view.warnings.join('\n')).toMatch(/broken[\s\S]*end/);
  expect(fixed.view.response).toContain('fine done');
});

test('B5: a list that is known at run time only becomes one task per item, spread over the workers', async () => {
  const outline = task('outline', {
    input: { act: 'say', text: '{"areas": ["market", "law", "technology", "people"]}' },
  });
  const map = { over: { task: 'outline', path: 'areas' } };
  const { view, events } = await run(planOf(outline, task('areas', { kind: 'map', depends_on: ['outline'], map })));
  expect(JSON.parse(textOf(view, 'areas') ?? '')).toEqual([0, 1, 2, 3].map((place) => `areas.${place} done`));
  expect(detailsOf(events, 'task.spawned').map(({ tasks }) => tasks.length)).toEqual([4]);
  expect(view.spawned.map(({ status }) => status)).toEqual(Array(4).fill('completed'));
});

test('B6: each branch tells how long it took, how often it was tried, what it cost and how sure it is', async () => {
  const usage = { prompt_tokens: 10, completion_tokens: 40, total_tokens: 50 };
  const input = { act: 'rate', text: 'well done', confidence: 0.8, usage };
  const { view } = await run(
    planOf(task('sure', { input }), task('again', { retries: 1, agent: 'b', input: { act: 'failFirst' } })),
  );
  const timeline = Timeline.parse(await (await fetch(`${url}/v1/runs/${view.run_id}/timeline`)).json());
  const metrics = new Map(timeline.tasks.map((each) => [each.task_id, each]));
  expect(metrics.get('sure')?.metrics).toMatchObject({ tokens: 50, confidence: 0.8, success_rate: 1 });
  expect(metrics.get('sure')?.metrics.tokens_per_second).toBeGreaterThan(0);
  expect(metrics.get('again')?.metrics).toMatchObject({ success_rate: 0.5 });
  expect(metrics.get('again')?.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'completed']);
  expect(timeline.makespan_ms).toBeGreaterThanOrEqual(metrics.get('again')?.metrics.duration_ms ?? Number.NaN);
});

test('B7: results are weighed by quality and speed, and the API, the stream and the model are told', async () => {
  const rated = (id: string, confidence: number, text: string) =>
    task(id, { input: { act: 'rate', confidence, text } });
  const before = model.prompts.length;
  const { view, events } = await run(
    planOf(
      rated('good', 0.9, '{"year": 1969}'),
      rated('poor', 0.2, '{"year": 1968}'),
      task('unknown'),
      task('bad', { input: { act: 'fail' } }),
    ),
  );
  const { merge } = view;
  if (merge === null) throw new Error('expected a merge');
  const latency = new Map(view.results.map(({ task_id, latency_ms }) => [task_id, latency_ms]));
  expect(merge.parts.map(({ task_id, quality }) => [task_id, quality])).toEqual([
    ['good', 0.9],
    ['poor', 0.2],
    ['unknown', 0.5],
  ]);
  for (const { task_id, quality, weight } of merge.parts)
    expect(weight).toBeCloseTo(0.7 * quality + 0.3 / (1 + (latency.get(task_id) ?? 0) / 60_000), 6);
  expect(merge.parts.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
  expect(merge.contradictions).toEqual([{ field: 'year', values: { good: '1969', poor: '1968' } }]);
  expect(detailsOf(events, 'merge.done')).toEqual([merge]);
  const [asked = ''] = model.prompts.slice(before);
  for (const { share } of merge.parts) expect(asked).toContain(`weight: ${share.toFixed(2)}`);
});

const draft = (id: string) => task(id, { agent: 'author', required_capability: 'text_generation' });
const gate = (verdicts: readonly unknown[], review: object = {}, depends_on: readonly string[] = ['x', 'y']) =>
  task('gate', {
    kind: 'review',
    required_capability: 'data_analysis',
    agent: undefined,
    depends_on,
    input: { verdicts },
    review,
  });
const bad = { acceptable: false, score: 0.3, feedback: 'say more' };
const outcomesOf = (events: readonly StreamEvent[]) => detailsOf(events, 'review.scored').map(({ outcome }) => outcome);

test('B8: a gate approves, sends back what it names, or stops what is beyond mending', async () => {
  const issues = [{ task: 'y', text: 'too short' }];
  const { view, events } = await run(
    planOf(
      draft('x'),
      draft('y'),
      gate([
        { ...bad, issues },
        { acceptable: true, score: 0.9 },
      ]),
    ),
  );
  expect(outcomesOf(events)).toEqual(['needs_revision', 'approved']);
  expect(JSON.parse(textOf(view, 'gate') ?? '')).toEqual({ x: 'draft x', y: 'draft y, revised' });
  const critical = await run(
    planOf(draft('x'), draft('y'), gate([{ ...bad, critical: true }]), task('after', { depends_on: ['gate'] })),
  );
  expect(outcomesOf(critical.events)).toEqual(['critical_failure']);
  expect(statusesOf(critical.view)).toMatchObject({ gate: 'failed', after: 'skipped' });
  expect(critical.view.warnings.join('\n')).toContain('Beyond mending: say more');
});

test('D4: refused three times, the work goes to a stronger agent', async () => {
  const { view, events } = await run(
    planOf(draft('x'), draft('y'), gate([bad], { escalate: 'stronger', stronger: 'strong' })),
  );
  expect(outcomesOf(events)).toEqual(['needs_revision', 'needs_revision', 'needs_revision', 'escalated']);
  expect(JSON.parse(textOf(view, 'gate') ?? '')).toEqual({ x: 'done well', y: 'done well' });
});

test('B11: the tasks decide which agents are made; above two they get a coordinator; all of them leave', async () => {
  const hard = (id: string, required_capability: string, rest: Sketch = {}) =>
    task(id, { agent: undefined, required_capability, complexity: 'high', ...rest });
  const plan = planOf(
    hard('look', 'search', { domain: 'physics', input: { query: 'capital of France' } }),
    hard('sum', 'data_analysis', { input: { data: [3, 5, 10] } }),
    hard('spread', 'data_analysis', { input: { data: [1, 2, 3] } }),
    task('plain'),
  );
  const { view, events } = await run({ ...plan, strategy: 'team' });
  expect(view).toMatchObject({ status: 'completed', partial: false, strategy: { used: 'team' } });
  const made = events.flatMap((event) =>
    event.name === 'agent.spawned' ? [[event.task_id, event.detail.template]] : [],
  );
  expect(Object.fromEntries(made)).toEqual({
    ...{
      look: 'research_specialist',
      sum: 'analysis_specialist',
      spread: 'analysis_specialist',
      coordinator: 'coordinator',
    },
  });
  expect(view.results.find(({ task_id }) => task_id === 'plain')?.agent_id).toBe('a');
  const registered = async () =>
    (await client.agents()).filter(({ agent_id }) => /specialis|coordinator/.test(agent_id));
  await eventually(async () => ((await registered()).length === 0 ? true : undefined));
});

test('C3: the picture of a run has its states, on the command line as over HTTP, while it runs and afterwards', async () => {
  const held = gateOf('picture');
  const { run_id } = await client.submit(
    planOf(task('first', { input: { act: 'hold', gate: 'picture' } }), task('then', { depends_on: ['first'] })),
  );
  await held.reached;
  const during = await client.drawGraph(run_id);
  held.open();
  await client.wait(run_id, { signal: AbortSignal.timeout(20_000) });
  const { stdout, code } = await runCommand(['graph', run_id, '--url', url]);
  expect(code).toBe(0);
  expect(during).toMatch(/^flowchart [\s\S]*first[\s\S]*-->/);
  expect([during.includes('running'), during.includes('pending')]).toEqual([true, true]);
  expect(stdout).not.toBe(during);
  expect(stdout.trim()).toBe((await client.drawGraph(run_id)).trim());
  expect((await client.graph(run_id)).nodes.map(({ status }) => status)).toEqual(['completed', 'completed']);
});

test('D1: steps one after the other, each with all results before it, and a log of them', async () => {
  const query = 'Look up the capital of France, then write a poem about it, then summarize the poem';
  const { view, events } = await run({ query, strategy: 'sequence' });
  expect(view).toMatchObject({ status: 'completed', strategy: { used: 'sequence' } });
  expect(view.plan?.sub_tasks.map(({ depends_on }) => depends_on)).toEqual([[], ['t1'], ['t1', 't2']]);
  expect(view.task_log.map(({ step, agent_id, status }) => [step, agent_id, status])).toEqual([
    [1, 'lookup-01', 'completed'],
    [2, expect.any(String), 'completed'],
    [3, 'summarizer-01', 'completed'],
  ]);
  expect(view.task_log[0]?.result).toContain('Paris');
  const steps = events.filter(({ task_id }) => task_id !== 'root');
  const order = steps.flatMap(({ name, task_id }) =>
    name === 'task.started' || name === 'task.completed' ? [`${task_id} ${name.slice(5)}`] : [],
  );
  expect(order).toEqual(['t1', 't2', 't3'].flatMap((id) => [`${id} started`, `${id} completed`]));
});

test('D3: steps are pending, running, completed, failed; what needs a failed one is skipped with the reason, and the run ends', async () => {
  const held = gateOf('states');
  const { run_id } = await client.submit(
    planOf(
      task('slow', { input: { act: 'hold', gate: 'states' } }),
      task('broken', { agent: 'b', depends_on: ['slow'], input: { act: 'fail' } }),
      task('needs', { depends_on: ['broken'] }),
    ),
  );
  await held.reached;
  expect(statusesOf(await client.run(run_id))).toEqual({ slow: 'running', broken: 'pending', needs: 'pending' });
  held.open();
  const view = await client.wait(run_id, { signal: AbortSignal.timeout(20_000) });
  expect(statusesOf(view)).toEqual({ slow: 'completed', broken: 'failed', needs: 'skipped' });
  expect(view).toMatchObject({ status: 'completed', partial: true });
  expect(view.results.find(({ task_id }) => task_id === 'needs')?.error?.message).toContain('broken');
});

test('D5: named agents talk a query over until one of them says that it is done', async () => {
  const strategy = { name: 'peers' as const, agents: ['optimist', 'sceptic'] };
  const { view, events } = await run({ query: 'Tea or coffee?', strategy });
  expect(view).toMatchObject({ status: 'completed', partial: false, strategy: { used: 'peers' }, model_calls: 1 });
  expect(detailsOf(events, 'talk.ended')).toMatchObject([{ ending: 'done', turns: 4 }]);
  const said = detailsOf(events, 'message.sent').map(({ from, to }) => `${from} -> ${to}`);
  const [there, back] = ['optimist -> sceptic', 'sceptic -> optimist'];
  expect(said).toEqual([there, back, there, back]);
  expect(textOf(view, 'talk')).toBe('sceptic agrees: tea');
});

test('E2: agents in processes of their own ask each other, and the answer finds its question', async () => {
  const { view, events } = await run(
    planOf(task('x', { input: { act: 'ask', next: 'b' } }), task('y', { agent: 'b', input: { act: 'answer' } })),
  );
  expect(textOf(view, 'x')).toBe('Your part, please? Here.');
  const [asked, answered] = detailsOf(events, 'message.sent');
  expect(answered).toMatchObject({ in_reply_to: asked?.message_id, correlation_id: asked?.correlation_id, hop: 2 });
});

test('E3: agents that would wait for each other in a circle: one is told so, and the run ends with the reason', async () => {
  const asks = (id: string, agent: string, next: string) => task(id, { agent, input: { act: 'ask', next } });
  const { view, events } = await run(planOf(asks('x', 'a', 'b'), asks('y', 'b', 'c'), asks('z', 'c', 'a')));
  const refused = detailsOf(events, 'message.refused');
  expect(refused).toMatchObject([{ code: 'deadlock' }]);
  expect(new Set(refused[0]?.about.split(' '))).toEqual(new Set(['a', 'b', 'c']));
  expect(view.status).toBe('failed');
  expect(JSON.stringify(view.results)).toContain('would wait for each other');
});

test('E6: fifty writers change the state of a run at once; nothing is lost, and a task gets the values by name', async () => {
  const held = gateOf('writers');
  const { run_id } = await client.submit(
    planOf(
      task('wait', { input: { act: 'hold', gate: 'writers' } }),
      task('read', { agent: 'b', depends_on: ['wait'], state: ['count', 'seen', 'nothing'], input: { act: 'state' } }),
    ),
  );
  await held.reached;
  const address = `${url}/v1/runs/${run_id}/state`;
  const write = async (writer: number) => {
    const changes = [
      { op: 'increment', name: 'count', by: 1 },
      { op: 'append', name: 'seen', items: [writer] },
    ];
    const init = {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ changes }),
    };
    expect((await fetch(address, init)).status).toBe(200);
  };
  await Promise.all(Array.from({ length: 50 }, (_, writer) => write(writer)));
  held.open();
  const view = await client.wait(run_id, { signal: AbortSignal.timeout(20_000) });
  const read = JSON.parse(textOf(view, 'read') ?? '');
  expect(read).toMatchObject({ count: 50, nothing: null });
  expect(read.seen.toSorted((left: number, right: number) => left - right)).toEqual([...Array(50).keys()]);
});

test('E7: a conversation and a revision that go round end with a named reason', async () => {
  const agents = ['optimist', 'sceptic'];
  const talk = task('talk', {
    kind: 'talk',
    agent: undefined,
    required_capability: 'text_generation',
    talk: { agents },
    input: { never: true },
  });
  const same = task('x', { agent: 'author', required_capability: 'text_generation', input: { same: true } });
  const { view, events } = await run(planOf(talk, same, gate([bad], {}, ['x'])));
  expect(detailsOf(events, 'talk.ended')).toMatchObject([{ ending: 'loop_detected', turns: 4 }]);
  expect(outcomesOf(events)).toEqual(['needs_revision', 'escalated']);
  expect(detailsOf(events, 'review.scored').at(-1)?.reason).toMatch(/^loop_detected/);
  expect(view.status).toBe('completed');
  expect(view.warnings.filter((warning) => warning.includes('loop_detected'))).toHaveLength(2);
});

test('E8: three agents vote; two that agree decide, and dissent is told', async () => {
  const vote = (answers: object, consensus: object = {}) =>
    task('v', { kind: 'vote', agent: undefined, required_capability: 'translation', input: { answers }, consensus });
  const answers = { 'voter-1': 'Rome', 'voter-2': '{"city": "Paris"}', 'voter-3': '{ "city":"paris" }' };
  const { view, events } = await run(planOf(vote(answers, { early_stop: false })));
  expect(JSON.parse(textOf(view, 'v') ?? '')).toEqual({ city: expect.stringMatching(/^paris$/i) });
  expect(
    detailsOf(events, 'vote.cast')
      .map(({ voter, agrees }) => `${voter} ${agrees}`)
      .toSorted(),
  ).toEqual([...['voter-1 false', 'voter-2 true', 'voter-3 true']]);
  const early = await run(planOf(vote({})));
  expect(detailsOf(early.events, 'vote.cast')).toHaveLength(2);
});

test('E9: what agents did is known of them, an equal query is planned once, and one for one agent takes two calls of the model', async () => {
  const query = 'What is the capital of France? Look it up.';
  const first = await run({ query });
  const again = await run({ query });
  expect(first.view).toMatchObject({ status: 'completed', model_calls: 2 });
  expect(again.view).toMatchObject({ status: 'completed', model_calls: 1 });
  expect(detailsOf(again.events, 'plan.ready')).toMatchObject([{ cached: { from: first.view.run_id } }]);
  const done = again.view.results.find(({ status }) => status === 'completed')?.agent_id ?? '';
  const known = await eventually(async () => (await client.agent(done)).history.search);
  expect(known).toMatchObject({ failed: 0, quality: expect.any(Number), latency_ms: expect.any(Number) });
  expect(known.done).toBeGreaterThan(0);
});

test('E10: a session remembers what was asked and answered, for planner and synthesis', async () => {
  const session_id = 'trip';
  await run({ query: 'Look up the capital of France', session_id });
  const before = model.prompts.length;
  const { view } = await run({ query: 'Write a poem about rivers', session_id });
  expect(view).toMatchObject({ status: 'completed', session: { id: session_id } });
  const told = model.prompts.slice(before).filter((prompt) => prompt.includes('<earlier_turn>'));
  expect(told).toHaveLength(2);
  for (const prompt of told)
    expect(prompt).toMatch(/<earlier_turn>\nquery:\nLook up the capital of France\n\nanswer:\n[\s\S]*Paris/);
  expect((await client.session(session_id)).runs.map(({ query }) => query)).toEqual([
    ...['Write a poem about rivers', 'Look up the capital of France'],
  ]);
});

test('X8: a plan is assessed, kept from a run, and carried out again without the planner', async () => {
  const first = await run({ query: 'Look up the capital of France. Then write a poem about it.' });
  expect(first.view.model_calls).toBe(2);
  const stored = await client.savePlan({ name: 'city-poem', from_run: first.view.run_id });
  const assessed = await client.validatePlan(stored.plan);
  expect(assessed).toMatchObject({ valid: true, faults: [], levels: [['t1'], ['t2']] });
  expect(assessed.tasks.map(({ agent }) => agent)).toEqual(first.view.results.map(({ agent_id }) => agent_id));
  expect(assessed.estimate.ms).toBeGreaterThan(0);
  const before = model.prompts.length;
  const { view } = await run({ plan_ref: { name: 'city-poem' } });
  expect(view).toMatchObject({ status: 'completed', plan_ref: { name: 'city-poem', version: 1 } });
  expect(view.plan?.sub_tasks).toEqual(first.view.plan?.sub_tasks);
  expect(model.prompts.slice(before).filter((prompt) => prompt.includes('User query:'))).toEqual([]);
});

test('X10: what each node of the plan says is told live, by task, while others still wait', async () => {
  const heard: string[] = [];
  const gates = ['left', 'right'].map(gateOf);
  const tells = (id: string, agent: string) => task(id, { agent, input: { gate: id } });
  const plan = planOf(
    tells('left', 'teller-1'),
    tells('right', 'teller-2'),
    task('end', { depends_on: ['left', 'right'] }),
  );
  for await (const { name, task_id, data, run_id } of client.submitAndStream(plan, {
    signal: AbortSignal.timeout(30_000),
  })) {
    if (name === 'task.token') heard.push(`${task_id}: ${data}`);
    if (heard.length !== 2 || name !== 'task.token') continue;
    // Both have been heard, and neither has ended.
    expect(heard.toSorted()).toEqual(['left: left begins', 'right: right begins']);
    expect(statusesOf(await client.run(run_id))).toEqual({ left: 'running', right: 'running', end: 'pending' });
    for (const each of gates) each.open();
  }
  expect(heard.toSorted()).toEqual(['left:  and ends', 'left: left begins', 'right:  and ends', 'right: right begins']);
});
