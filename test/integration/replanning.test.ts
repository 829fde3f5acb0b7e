import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { StreamEvent } from '../../src/contracts/event.ts';
import { foldEvents } from '../../src/contracts/fold.ts';
import { ForkRequest } from '../../src/contracts/fork.ts';
import { limits } from '../../src/contracts/limits.ts';
import { PlanPatch } from '../../src/contracts/plan-patch.ts';
import { rootEvent } from '../../src/contracts/root-event.ts';
import { RunOptions } from '../../src/contracts/run-options.ts';
import { recordPatch } from '../../src/flow/extend.ts';
import { noTexts } from '../../src/journal/load-results.ts';
import { loadRun } from '../../src/journal/load-run.ts';
import { loadPatches } from '../../src/journal/patch.ts';
import { cancelRun } from '../../src/orchestrator/cancel-run.ts';
import { forkRun } from '../../src/orchestrator/fork-run.ts';
import { decideInterrupt } from '../../src/orchestrator/interrupts.ts';
import { pauseRun, resumeRun } from '../../src/orchestrator/pause-run.ts';
import { openSweeper } from '../../src/orchestrator/reconcile/reconcile.ts';
import { removeEndedRun } from '../../src/orchestrator/remove-run.ts';
import { storePlan } from '../../src/orchestrator/stored-plans.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { drawGraph } from '../../src/orchestrator/view-graph.ts';
import { viewRun } from '../../src/orchestrator/view-run.ts';
import { viewTimeline } from '../../src/orchestrator/view-timeline.ts';
import { applyPatch } from '../../src/plan/patch.ts';
import { extensionOf } from '../../src/plan/patch-graph.ts';
import { patchSourceOf } from '../../src/plan/patch-source.ts';
import { seen } from '../support/agents/scripted.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { type Asked, openPlanner, type Planner, patchText } from '../support/planner.ts';
import { planOf } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';
import { type ModelAnswer, refuse, say } from '../support/scripted-model.ts';

let planner: Planner;
let engine: Engine;
let answer: (asked: Asked) => string | ModelAnswer;

beforeAll(async () => {
  planner = await openPlanner((asked) => answer(asked));
  // What nothing sets going must not be mended meanwhile.
  engine = await openEngine({ env: { ...planner.env, BATON_RECONCILE_MS: '600000' } });
});

beforeEach(() => {
  answer = () => patchText([]);
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await planner[Symbol.asyncDispose]();
});

const recovery = { recovery: { mode: 'repairable' as const } };
const fails = { input_data: { fail: true }, retries: 0 };
const callsOf = (run: string) => seen.calls.filter(({ key }) => key.startsWith(run)).map(({ task }) => task);
const patchesIn = (events: readonly StreamEvent[]) => events.filter(({ name }) => name === 'plan.patched');
const asksAbout = (run: string, from: number) => planner.asked.slice(from).filter(() => run !== '').length;

/** A planner that is asked, and answers when it is let. */
function held(text: string) {
  const { promise: asked, resolve: hear } = Promise.withResolvers<void>();
  const { promise: allowed, resolve: answerNow } = Promise.withResolvers<void>();
  answer = () => (response, body) => {
    hear();
    void allowed.then(() => say(text)(response, body));
  };
  return { asked, answerNow };
}

test('a failed task is made up for: the new tasks run, what needed it is replaced, and the run is not partial', async () => {
  answer = () => patchText([{ id: 'new1' }, { id: 'new2', after: ['new1', 'a'] }], ['end']);
  const plan = planOf({ a: {}, bad: fails, end: { after: ['a', 'bad'] } });
  const { run, results, record, events } = await engine.runToEnd(plan, recovery);

  expect(Object.fromEntries([...results].map(([id, { status }]) => [id, status]))).toEqual({
    ...{ a: 'completed', bad: 'failed', end: 'skipped' },
    ...{ 'bad.r1': 'completed', 'bad.r2': 'completed' },
  });
  expect(results.get('bad')).toMatchObject({ recovered_by: 1, error: { code: 'agent_failed' } });
  expect(results.get('end')).toMatchObject({ superseded_by: 1, error: { code: 'superseded' } });
  expect([record.status, record.partial, record.warnings, record.revision]).toEqual(['completed', undefined, [], 1]);
  expect(callsOf(run).toSorted()).toEqual(['a', 'bad', 'bad.r1', 'bad.r2']);
  expect(patchesIn(events)[0]?.detail).toMatchObject({
    ...{ revision: 1, task_id: 'bad', cause: 'failure', reason: 'another way', superseded: ['end'] },
    tasks: [{ task_id: 'bad.r1' }, { task_id: 'bad.r2', depends_on: ['bad.r1', 'a'] }],
  });
});

test('a patched run is shown as it is: plan and revision, graph, timeline, folded stream; and is removed whole', async () => {
  answer = () => patchText([{ id: 'x' }], ['end']);
  const { run, events } = await engine.runToEnd(planOf({ bad: fails, end: { after: ['bad'] } }), recovery);
  const { store, flow } = engine.opened;
  const view = await viewRun(store, run);
  expect(view?.plan_revision).toBe(1);
  expect(
    view?.tasks.map(({ task_id, status, recovered_by, superseded_by }) => [
      task_id,
      status,
      recovered_by,
      superseded_by,
    ]),
  ).toEqual([
    ['bad', 'failed', 1, undefined],
    ['end', 'skipped', undefined, 1],
    ['bad.r1', 'completed', undefined, undefined],
  ]);
  const folded = foldEvents(events);
  expect(
    folded.tasks.map(({ task_id, status, recovered_by, superseded_by }) => [
      task_id,
      status,
      recovered_by,
      superseded_by,
    ]),
  ).toEqual(
    view?.tasks.map(({ task_id, status, recovered_by, superseded_by }) => [
      task_id,
      status,
      recovered_by,
      superseded_by,
    ]),
  );
  const timeline = await viewTimeline(store, run);
  const added = timeline?.tasks.find(({ task_id }) => task_id === 'bad.r1');
  expect(added?.status).toBe('completed');
  expect(added?.queued_at).toBe(patchesIn(events)[0]?.timestamp);
  const drawn = await drawGraph(store, run);
  expect(drawn).toContain('n0["bad · repaired: do bad"]:::failed');
  expect(drawn).toContain('n1["end · replaced: do end"]:::skipped');
  expect(drawn).toContain('n0 -. repaired by .-> n2');
  expect(await eventually(async () => (await removeEndedRun(flow, run)) || undefined)).toBe(true);
  expect(await store.redis.keys(`*${run}*`)).toEqual([]);
});

test('nothing that waits for the task begins before it is decided, and the agent is called once', async () => {
  const { asked, answerNow } = held(patchText([], [], 'nothing helps'));
  const run = await engine.submit(planOf({ bad: fails, next: { behind: ['bad'] } }), recovery);
  await asked;
  expect((await viewRun(engine.opened.store, run))?.tasks.map(({ status }) => status)).toEqual(['running', 'pending']);
  answerNow();
  const { results, events } = await engine.ended(run);
  expect(results.get('bad')?.status).toBe('failed');
  expect(callsOf(run)).toEqual(['bad', 'next']);
  const order = events.map(({ name, task_id }) => `${task_id} ${name}`);
  expect(order.indexOf('next task.started')).toBeGreaterThan(order.indexOf('bad task.failed'));
});

test('without a patch the outcome goes on unchanged, and a warning says why', async () => {
  answer = () => patchText([], [], 'nothing helps');
  const { results, record, events } = await engine.runToEnd(planOf({ a: {}, bad: fails }), recovery);
  expect(results.get('bad')).toMatchObject({ status: 'failed', error: { code: 'agent_failed' } });
  expect(results.get('bad')?.recovered_by).toBeUndefined();
  expect(record.partial).toBe('1');
  expect(record.warnings?.join()).toContain('The plan was not changed: the planner has none to give (nothing helps)');
  expect(patchesIn(events)).toEqual([]);
});

test('an invalid patch is put right once with its faults, and refused as a whole when it has some again', async () => {
  answer = ({ turn }) => (turn === 1 ? patchText([{ id: 'x', after: ['bad'] }]) : patchText([{ id: 'x' }]));
  const from = planner.asked.length;
  const mended = await engine.runToEnd(planOf({ bad: fails }), recovery);
  expect(mended.results.get('bad')?.recovered_by).toBe(1);
  expect(planner.asked.slice(from)).toHaveLength(2);
  expect(planner.asked.at(-1)?.complaints).toContain('"bad" is the task to make up for');

  answer = () => patchText([{ id: 'x' }, { id: 'y', after: ['nobody'] }]);
  const refused = await engine.runToEnd(planOf({ bad: fails, ok: {} }), recovery);
  expect([...refused.results.keys()].toSorted()).toEqual(['bad', 'ok']);
  expect(refused.record.warnings?.join()).toContain('"nobody" is no task of this plan');
});

test('a planner that fails or talks prose changes nothing', async () => {
  answer = () => refuse(500, 'out of order');
  const failed = await engine.runToEnd(planOf({ bad: fails, ok: {} }), recovery);
  expect(failed.record.warnings?.join()).toContain('The plan was not changed');
  answer = () => 'I would simply try again!';
  const prose = await engine.runToEnd(planOf({ bad: fails, ok: {} }), recovery);
  expect(prose.record.warnings?.join()).toContain('not valid JSON');
});

test('a plan is fixed unless it is asked otherwise: nobody is asked', async () => {
  const from = planner.asked.length;
  const { results, run } = await engine.runToEnd(planOf({ bad: fails, ok: {} }));
  expect(results.get('bad')).toMatchObject({ status: 'failed' });
  expect(results.get('bad')?.warning).toBeUndefined();
  expect(asksAbout(run, from)).toBe(0);
});

test('a plan is patched at most as often as asked, and the same tasks are not added twice', async () => {
  answer = ({ outcome }) => patchText([{ id: 'x', input: { fail: true, why: outcome.task_id } }]);
  const once = { recovery: { mode: 'repairable' as const, max_patches: 1 } };
  const bounded = await engine.runToEnd(planOf({ bad: fails, ok: {} }), once);
  expect(bounded.record.revision).toBe(1);
  expect(bounded.record.warnings?.join()).toContain('as often as it may be');

  answer = () => patchText([{ id: 'x', input: { fail: true } }]);
  const again = await engine.runToEnd(planOf({ bad: fails, ok: {} }), recovery);
  expect(again.record.revision).toBe(1);
  expect(again.record.warnings?.join()).toContain('the same tasks were added before');
});

test('an empty result, and a review that does not accept, ask for a patch too', async () => {
  answer = () => patchText([{ id: 'x' }]);
  const empty = await engine.runToEnd(planOf({ a: { input_data: { words: [' '] } } }), recovery);
  expect(empty.results.get('a')).toMatchObject({ status: 'completed', recovered_by: 1 });
  expect(patchesIn(empty.events)[0]?.detail).toMatchObject({ cause: 'empty' });

  const review = { after: ['a'], kind: 'review', review: { max_revisions: 0, escalate: 'fail' } };
  const rejected = await engine.runToEnd(planOf({ a: {}, r: review }), recovery);
  expect(rejected.results.get('r')).toMatchObject({
    status: 'failed',
    error: { code: 'review_failed' },
    recovered_by: 1,
  });
  expect(patchesIn(rejected.events)[0]?.detail).toMatchObject({ cause: 'verification_rejected', task_id: 'r' });
});

test('a task that would fail the run does not, once a patch makes up for it', async () => {
  answer = () => patchText([{ id: 'x' }, { id: 'y', after: ['x'] }], ['end']);
  const plan = planOf({ bad: fails, end: { after: ['bad'], on_dependency_failure: 'fail' } });
  const { record } = await engine.runToEnd(plan, recovery);
  expect([record.status, record.partial]).toEqual(['completed', undefined]);
});

test('a new task may wait for one that still runs, and is released by it', async () => {
  answer = () => patchText([{ id: 'x', after: ['slow'] }]);
  const plan = planOf({ slow: { input_data: { hold: true } }, bad: fails });
  const run = await engine.submit(plan, recovery);
  await engine.eventOf(run, ({ name, task_id }) => name === 'task.failed' && task_id === 'bad');
  expect(callsOf(run)).not.toContain('bad.r1');
  seen.events.emit('release');
  const { results, record } = await engine.ended(run);
  expect([results.get('bad.r1')?.status, record.partial]).toEqual(['completed', undefined]);
});

test('two tasks that fail at once each have a patch, the second one checked against the plan with the first', async () => {
  answer = () => patchText([{ id: 'x' }]);
  const plan = planOf({ one: fails, two: { ...fails, capability: 'search' } });
  const { record, results } = await engine.runToEnd(plan, recovery);
  // Both would add the same task: one of them does.
  expect(record.revision).toBe(1);
  expect([...results.values()].filter(({ recovered_by }) => recovered_by === 1)).toHaveLength(1);
  answer = ({ outcome }) => patchText([{ id: 'x', input: { why: outcome.task_id } }]);
  const both = await engine.runToEnd(plan, recovery);
  expect(both.record.revision).toBe(2);
  expect(both.record.partial).toBeUndefined();
});

test('a human decides on the patch first: approved it is applied, rejected it is not, edited it is another', async () => {
  answer = () => patchText([{ id: 'x' }]);
  const options = { recovery: { mode: 'repairable' as const, approve: true } };
  const asked = async (run: string) =>
    eventually(async () => (await viewRun(engine.opened.store, run))?.interrupts.find(({ state }) => state === 'open'));

  const approved = await engine.submit(planOf({ bad: fails }), options);
  const first = await asked(approved);
  expect([first.subject, first.task_id, JSON.parse(first.content).add_tasks[0].task_id]).toEqual([
    'patch',
    'bad',
    'bad.r1',
  ]);
  expect((await viewRun(engine.opened.store, approved))?.tasks[0]?.status).toBe('waiting');
  await decideInterrupt(engine.opened.flow, first.id, { decision: 'approve', hash: first.hash, reason: '' });
  expect((await engine.ended(approved)).results.get('bad')?.recovered_by).toBe(1);
  expect(callsOf(approved)).toEqual(['bad', 'bad.r1']);

  const rejected = await engine.submit(planOf({ bad: fails, ok: {} }), options);
  const second = await asked(rejected);
  await decideInterrupt(engine.opened.flow, second.id, { decision: 'reject', hash: second.hash, reason: 'too dear' });
  expect((await engine.ended(rejected)).record.warnings?.join()).toContain('The plan was not changed: too dear');

  const edited = await engine.submit(planOf({ bad: fails }), options);
  const third = await asked(edited);
  const patch = JSON.parse(third.content);
  const decision = { decision: 'edit' as const, hash: third.hash, reason: '' };
  const broken = { ...patch, add_tasks: [{ ...patch.add_tasks[0], depends_on: ['bad'] }] };
  await expect(decideInterrupt(engine.opened.flow, third.id, { ...decision, content: broken })).rejects.toMatchObject({
    code: 'invalid_plan',
    faults: [{ path: 'content.add_tasks[0].depends_on[0]' }],
  });
  const renamed = { ...patch, add_tasks: [{ ...patch.add_tasks[0], task_id: 'other' }] };
  await decideInterrupt(engine.opened.flow, third.id, { ...decision, content: renamed });
  expect((await engine.ended(edited)).results.get('other')?.status).toBe('completed');
});

test('a patch that counts is carried out although its decision has ended too many workers', async () => {
  answer = () => patchText([{ id: 'x' }]);
  const { flow, store } = engine.opened;
  const run = await engine.submit(planOf({ bad: fails }), { recovery: { mode: 'repairable', approve: true } });
  const question = await eventually(async () => (await viewRun(store, run))?.interrupts[0]);
  // What somebody leaves behind who records the patch with the last claim that is allowed, and dies before its jobs are there.
  await store.redis.hset(store.keys.run(run).tasks, 'bad:epoch', limits.claims);
  const state = await loadRun(store, run, noTexts);
  const source = state && patchSourceOf({ ...state, ...(await loadPatches(store, run)) }, 'bad', 'failed');
  if (source === undefined) throw new Error('the run is gone');
  const { plan, from } = applyPatch(source, PlanPatch.parse(JSON.parse(question.content)));
  const said = { revision: 1, task_id: 'bad', cause: 'failure' as const, reason: 'r', tasks: [], superseded: [] };
  await recordPatch(store, {
    ...{ run, task: 'bad', epoch: limits.claims, plan, usage: null },
    decision: { revision: 1, from, to: plan.sub_tasks.length, superseded: [] },
    extension: extensionOf({ run, plan, from, priority: source.options.priority }),
    event: rootEvent(0, { name: 'plan.patched', data: '', detail: said }),
  });
  await decideInterrupt(flow, question.id, { decision: 'approve', hash: question.hash, reason: '' });
  const { record, results } = await engine.ended(run);
  expect([results.get('bad')?.recovered_by, results.get('bad.r1')?.status]).toEqual([1, 'completed']);
  expect([record.status, record.partial]).toEqual(['completed', undefined]);
});

test('a run in lanes stays in them: what is added comes behind what is there', async () => {
  answer = () => patchText([{ id: 'x' }, { id: 'y' }, { id: 'z' }]);
  const plan = planOf({ bad: fails, b: {}, c: {}, d: {} });
  const { record, events } = await engine.runToEnd(plan, { ...recovery, mode: 'sequential' });
  const open = new Set<string>();
  for (const { name, task_id } of events.filter((event) => event.task_id !== 'root')) {
    if (name === 'task.started') open.add(task_id);
    if (['task.completed', 'task.failed', 'task.skipped'].includes(name)) open.delete(task_id);
    expect(open.size).toBeLessThanOrEqual(1);
  }
  expect(
    record.plan?.sub_tasks.filter(({ task_id }) => task_id.startsWith('bad.')).every(({ after }) => after.length === 1),
  ).toBe(true);
});

test('a fork of a patched run re-uses it as it is: what was replaced does not run', async () => {
  answer = () => patchText([{ id: 'x' }, { id: 'y', after: ['x'] }], ['end']);
  const { run } = await engine.runToEnd(planOf({ bad: fails, end: { after: ['bad'] } }), recovery);
  const request = ForkRequest.parse({ from: ['bad.r1'] });
  const forked = await forkRun(engine.opened.flow, { run, request });
  const { record } = await engine.ended(forked.run);
  expect(callsOf(forked.run).toSorted()).toEqual(['bad.r1', 'bad.r2']);
  expect([record.status, record.partial]).toEqual(['completed', undefined]);
});

test('a patched run that is stored as a plan has its remedy with it: nobody is asked again, and no run is partial', async () => {
  answer = () => patchText([{ id: 'x' }], ['end']);
  const { flow, store } = engine.opened;
  const { run } = await engine.runToEnd(planOf({ bad: fails, end: { after: ['bad'] } }), recovery);
  await storePlan(store, { name: 'patched', from_run: run }, undefined);
  const asked = planner.asked.length;
  const options = RunOptions.parse(recovery);
  const again = await submitRun(flow, { plan_ref: { name: 'patched' }, metadata: {}, options });
  const { record } = await engine.ended(again.run);
  expect(callsOf(again.run).toSorted()).toEqual(['bad', 'bad.r1']);
  expect([record.status, record.partial, planner.asked.length]).toEqual(['completed', undefined, asked]);
});

test('a cancel during the decision ends the run', async () => {
  const { promise: asked, resolve: hear } = Promise.withResolvers<void>();
  answer = () => () => hear();
  const run = await engine.submit(planOf({ bad: fails, ok: {} }), recovery);
  await asked;
  await cancelRun(engine.opened.flow, run);
  expect((await engine.ended(run)).record.status).toBe('cancelled');
});

test('a join that goes on without the task ends the decision about it', async () => {
  const { asked, answerNow } = held(patchText([{ id: 'x' }]));
  const join = { min_fraction: 0.5, late: 'drop' };
  const plan = planOf({ ok: { input_data: { hold: true } }, bad: fails, j: { after: ['ok', 'bad'], join } });
  const run = await engine.submit(plan, recovery);
  await asked;
  seen.events.emit('release');
  const { results, events } = await engine.ended(run);
  answerNow();
  expect(results.get('bad')).toMatchObject({ status: 'skipped', error: { code: 'late' } });
  expect(patchesIn(events)).toEqual([]);
});

test('a join counts a replaced branch at once, although its job still waits', async () => {
  answer = () => patchText([{ id: 'x' }], ['old']);
  const plan = planOf({
    bad: fails,
    ask: { kind: 'approval' },
    old: { after: ['ask'] },
    other: { input_data: { hold: true } },
    j: { after: ['old', 'other'], join: { min_fraction: 0.5, late: 'keep' } },
  });
  const run = await engine.submit(plan, recovery);
  await engine.eventOf(run, ({ name, task_id }) => name === 'task.failed' && task_id === 'bad');
  seen.events.emit('release');
  await engine.eventOf(run, ({ name, task_id }) => name === 'task.completed' && task_id === 'j');
  const { store, flow } = engine.opened;
  const question = (await viewRun(store, run))?.interrupts[0];
  await decideInterrupt(flow, question?.id ?? '', { decision: 'approve', hash: question?.hash ?? '', reason: '' });
  const { results, record } = await engine.ended(run);
  expect([results.get('old')?.superseded_by, results.get('j')?.status, record.partial]).toEqual([
    1,
    'completed',
    undefined,
  ]);
});

test('a paused run asks nobody; resumed it goes on with the decision', async () => {
  answer = () => patchText([{ id: 'x' }]);
  const from = planner.asked.length;
  const { store, flow } = engine.opened;
  const run = await engine.submit(planOf({ bad: { input_data: { hold: true, fail: true }, retries: 0 } }), recovery);
  await eventually(() => callsOf(run).length > 0 || undefined);
  await pauseRun(flow, run);
  seen.events.emit('release');
  await eventually(async () => (await store.redis.hlen(store.keys.run(run).parked)) > 0 || undefined);
  expect(planner.asked).toHaveLength(from);
  await resumeRun(flow, run);
  const { results } = await engine.ended(run);
  expect(results.get('bad')?.recovered_by).toBe(1);
  expect(callsOf(run)).toEqual(['bad', 'bad.r1']);
});

test('a patch has to fit what is left of the budget, and asking for it is paid from that', async () => {
  answer = () => patchText([{ id: 'x' }, { id: 'y' }, { id: 'z' }]);
  const budgeted = await engine.runToEnd(planOf({ bad: fails, ok: {} }), {
    ...recovery,
    budget: { max_tokens: 3_000 },
  });
  expect(budgeted.record.revision).toBe(0);
  expect(budgeted.record.warnings?.join()).toMatch(/may take 3000 \(tokens\), and \d+ are left of the budget/);
  // Both turns, at 13 tokens each.
  expect(budgeted.record).toMatchObject({ patch_prompt_tokens: 18, patch_completion_tokens: 8 });
});

test('an added task whose job somebody removes is found, and the run ends', async () => {
  answer = () => patchText([{ id: 'x', after: ['slow'] }]);
  const run = await engine.submit(planOf({ slow: { input_data: { hold: true } }, bad: fails }), recovery);
  await engine.eventOf(run, ({ name, task_id }) => name === 'task.failed' && task_id === 'bad');
  const { flow } = engine.opened;
  const retention = { ageMs: 1e9, runs: 0 };
  const mended: string[] = [];
  const sweep = openSweeper({
    ...{ flow, retention, periodMs: 0, onError: (error) => expect(error).toBeUndefined() },
    onMended: ({ finding }) => mended.push(finding),
  });
  await sweep();
  expect(mended).toEqual([]);
  expect(await flow.queue('cap-custom').remove(`${run}.2`, { removeChildren: false })).toBe(1);
  await sweep();
  seen.events.emit('release');
  const { results, record } = await engine.ended(run);
  expect(mended).toContain('lost');
  expect(results.get('bad.r1')).toMatchObject({ status: 'failed', error: { code: 'job_lost' } });
  expect(record.partial).toBe('1');
});

test('a task that nobody can take, and a join whose time is over, are made up for as well', async () => {
  answer = ({ outcome }) => patchText([{ id: 'x', input: { why: outcome.task_id } }]);
  const join = { timeout_ms: 200, on_timeout: 'fail' };
  const { results, events } = await engine.runToEnd(
    planOf({ nobodys: { agent: 'nobody' }, slow: { input_data: { hang: true } }, j: { after: ['slow'], join } }),
    recovery,
  );
  expect(results.get('nobodys')).toMatchObject({
    error: { code: 'no_suitable_agent' },
    recovered_by: expect.any(Number),
  });
  expect(results.get('j')).toMatchObject({ error: { code: 'join_timeout' }, recovered_by: expect.any(Number) });
  expect(results.get('slow')).toMatchObject({ status: 'skipped', error: { code: 'late' } });
  expect(patchesIn(events)).toHaveLength(2);
});

test('the calls of the planner are counted in the run', async () => {
  answer = ({ turn }) => (turn === 1 ? 'prose' : patchText([{ id: 'x' }]));
  const { run } = await engine.runToEnd(planOf({ bad: fails }), recovery);
  // Two for the patch, one for the answer.
  expect((await viewRun(engine.opened.store, run))?.model_calls).toBe(3);
});
