// Questions to humans, with ONE slot per queue: whoever waits for an answer must not hold it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { foldEvents } from '../../src/contracts/fold.ts';
import type { Decision, InterruptView } from '../../src/contracts/interrupt.ts';
import type { Plan } from '../../src/contracts/plan.ts';
import { RunOptions } from '../../src/contracts/run-options.ts';
import { releaseJob } from '../../src/flow/revive.ts';
import { loadAskHeads } from '../../src/journal/load-asks.ts';
import { cancelRun } from '../../src/orchestrator/cancel-run.ts';
import { decideInterrupt, expireInterrupt, viewInterrupt } from '../../src/orchestrator/interrupts.ts';
import { listInterrupts } from '../../src/orchestrator/list-interrupts.ts';
import { pauseRun, resumeRun } from '../../src/orchestrator/pause-run.ts';
import { openSweeper } from '../../src/orchestrator/reconcile/reconcile.ts';
import { removeEndedRun } from '../../src/orchestrator/remove-run.ts';
import { acceptRun } from '../../src/orchestrator/submit-run.ts';
import { viewRun } from '../../src/orchestrator/view-run.ts';
import { seen } from '../support/agents/scripted.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine({ concurrency: 1, env: { BATON_RECONCILE_MS: '600000' } });
});

afterAll(() => engine[Symbol.asyncDispose]());

const flow = () => engine.opened.flow;
const store = () => engine.opened.store;
const callsOf = (run: string) => seen.calls.filter(({ key }) => key.startsWith(run)).map(({ task }) => task);
const viewOf = async (run: string) => (await viewRun(store(), run)) ?? expect.fail(`there is no run ${run}`);
const before = { approval: { when: 'before' } };
const after = { approval: { when: 'after' } };

/** The question of a run that is open now, or the one about `subject`. */
function openQuestion(run: string, subject?: InterruptView['subject']): Promise<InterruptView> {
  const isIt = (view: InterruptView) => view.state === 'open' && (subject ?? view.subject) === view.subject;
  return eventually(async () => (await viewRun(store(), run))?.interrupts.find(isIt));
}

type Given = Pick<Decision, 'decision'> & Partial<Decision>;

const decide = (question: InterruptView, given: Given) =>
  decideInterrupt(flow(), question.id, { reason: '', hash: question.hash, ...given });

/** Submits, and answers its first question. */
async function answered(plan: Plan, given: Given) {
  const run = await engine.submit(plan);
  await decide(await openQuestion(run), given);
  return engine.ended(run);
}

/** True once the job has left its queue: no worker has a part in it any more. */
const steppedOut = (id: string, queue = 'cap-custom') =>
  eventually(async () => ((await flow().queue(queue).getJobState(id)) === 'waiting-children' ? true : undefined));

test('before it begins a task shows a human its exact input, and waits without the one slot: others run on', async () => {
  const run = await engine.submit(
    planOf({
      first: {},
      asked: { after: ['first'], ...before, input_data: { n: 1 } },
      other: { after: ['first'] },
      last: { after: ['asked', 'other'] },
    }),
  );
  const question = await openQuestion(run);
  expect(question).toMatchObject({ task_id: 'asked', subject: 'input', id: `${run}~asked~input`, reason: null });
  expect(JSON.parse(question.content)).toEqual({
    description: 'do asked',
    input_data: { n: 1 },
    context: { first: 'first done' },
  });
  await engine.eventOf(run, ({ name, task_id }) => name === 'task.completed' && task_id === 'other');
  expect(await viewOf(run)).toMatchObject({
    status: 'waiting',
    tasks: [{}, { status: 'waiting' }, { status: 'completed' }, { status: 'pending' }],
  });

  await decide(question, { decision: 'approve' });
  const { results, events } = await engine.ended(run);
  expect([...results.values()].map(({ status }) => status)).toEqual(Array(4).fill('completed'));
  expect(callsOf(run)).toEqual(['first', 'other', 'asked', 'last']);
  expect(foldEvents(events)).toMatchObject({ status: 'completed' });
  const asking = events.findIndex(({ name }) => name === 'interrupt.requested');
  expect(foldEvents(events.slice(0, asking + 1))).toMatchObject({ status: 'waiting' });
});

test('an edit of the input is what the agent gets; what nobody edited stays', async () => {
  const words = { input_data: { words: ['new'] } };
  const { results } = await answered(planOf({ a: { ...before, input_data: { words: ['old'] } } }), {
    decision: 'edit',
    content: words,
  });
  expect(results.get('a')).toMatchObject({ status: 'completed', response: 'new' });
});

test('a task that a human rejects is skipped with the reason, and its dependents follow their policy', async () => {
  const plan = planOf({
    a: before,
    b: { after: ['a'] },
    c: { after: ['a'], on_dependency_failure: 'partial' },
  });
  const { run, results } = await answered(plan, { decision: 'reject', reason: 'too dear' });
  expect(results.get('a')).toMatchObject({ status: 'skipped', error: { code: 'rejected', message: 'too dear' } });
  expect([results.get('b')?.status, results.get('c')?.status]).toEqual(['skipped', 'completed']);
  expect(callsOf(run)).toEqual(['c']);
});

test('after it a human sees the text; it is recorded as approved or edited, and no agent is called twice', async () => {
  const plan = planOf({ a: { ...after, input_data: { words: ['dra', 'ft'] } }, b: { after: ['a'] } });
  const approved = await engine.submit(plan);
  const question = await openQuestion(approved);
  expect(question).toMatchObject({ subject: 'output', content: 'draft' });
  await decide(question, { decision: 'approve' });
  const passed = await engine.ended(approved);
  expect(passed.results.get('a')).toMatchObject({ status: 'completed', response: 'draft' });
  expect(foldEvents(passed.events).tasks[0]).toMatchObject({ text: 'draft', status: 'completed' });
  const said = passed.events.filter(({ name, task_id }) => task_id === 'a' && /token|message/.test(name));
  expect(said.map(({ data }) => data).join(''), 'nothing is said twice').toBe('draft');

  const long = 'final '.repeat(500);
  const edited = await answered(plan, { decision: 'edit', content: long });
  expect(edited.results.get('a')).toMatchObject({ status: 'completed', response: long });
  expect(foldEvents(edited.events).tasks[0]).toMatchObject({ text: long });

  const rejected = await answered(plan, { decision: 'reject' });
  expect(rejected.results.get('a')).toMatchObject({ status: 'skipped', error: { code: 'rejected' } });
  expect([approved, edited.run, rejected.run].map(callsOf)).toEqual([['a', 'b'], ['a', 'b'], ['a']]);
});

test('a map task is asked about as a whole, before it and after it', async () => {
  const map = { kind: 'map', input_data: { items: [{}, {}] }, map: { over: { input: 'items' } } };
  const run = await engine.submit(planOf({ m: { ...map, approval: { when: 'both' } } }));
  const input = await openQuestion(run, 'input');
  expect(callsOf(run)).toEqual([]);
  await decide(input, { decision: 'edit', content: { input_data: { items: [{}] } } });
  const output = await openQuestion(run, 'output');
  expect(output.content).toBe('["m.0 done"]');
  await decide(output, { decision: 'approve' });
  expect((await engine.ended(run)).results.get('m')?.response).toBe('["m.0 done"]');
  expect(callsOf(run)).toEqual(['m.0']);
});

test('a task may be only the question: what the human wrote is its text, else that it was approved', async () => {
  const plan = planOf({ first: {}, ask: { kind: 'approval', after: ['first'] }, b: { after: ['ask'] } });
  const approved = await answered(plan, { decision: 'approve', reason: 'go on' });
  expect(approved.results.get('ask')).toMatchObject({ status: 'completed', response: 'Approved: do ask (go on)' });
  const edited = await answered(plan, { decision: 'edit', content: 'only in May' });
  expect(edited.results.get('ask')).toMatchObject({ response: 'only in May', agent_id: 'orchestrator' });
  expect(foldEvents(edited.events).tasks[1]).toMatchObject({ text: 'only in May', status: 'completed' });
  const rejected = await answered(plan, { decision: 'reject' });
  expect(rejected.results.get('ask')?.status).toBe('skipped');
  expect([approved.run, rejected.run].map(callsOf)).toEqual([['first', 'b'], ['first']]);
});

test('a run may stop before its joins and after a task; a point that names nothing is refused', async () => {
  const plan = planOf({ a: {}, b: {}, j: { after: ['a', 'b'], join: {} } });
  const run = await engine.submit(plan, { interrupt_before: ['join'], interrupt_after: ['a'] });
  await decide(await openQuestion(run, 'output'), { decision: 'approve' });
  const join = await openQuestion(run, 'input');
  expect(JSON.parse(join.content)).toMatchObject({ context: { a: 'a done', b: 'b done' } });
  await decide(join, { decision: 'approve' });
  expect((await engine.ended(run)).results.get('j')?.status).toBe('completed');
  await expect(engine.submit(plan, { interrupt_before: ['join', 'nobody'] })).rejects.toMatchObject({
    code: 'invalid_request',
    faults: [{ path: 'options.interrupt_before[1]' }],
  });
});

test('the plan may be what is asked about: approved or edited it is carried out, rejected the run fails with the reason', async () => {
  const options = { interrupt_after: ['plan'] };
  const submit = () => engine.submit(planOf({ a: {}, b: {} }), options);
  const run = await submit();
  const question = await openQuestion(run);
  expect(question).toMatchObject({ task_id: '$plan', subject: 'plan' });
  expect(await viewOf(run)).toMatchObject({ status: 'waiting' });
  const cyclic = planOf({ x: { after: ['y'] }, y: { after: ['x'] } });
  await expect(decide(question, { decision: 'edit', content: cyclic })).rejects.toMatchObject({
    code: 'invalid_plan',
    faults: [{ path: 'content.sub_tasks' }],
  });
  await expect(decide(question, { decision: 'edit', content: {} })).rejects.toMatchObject({ code: 'invalid_plan' });
  await decide(question, { decision: 'edit', content: planOf({ only: {} }) });
  const edited = await engine.ended(run);
  expect([...edited.results.keys()]).toEqual(['only']);
  expect(foldEvents(edited.events)).toMatchObject({ status: 'completed', tasks: [{ task_id: 'only' }] });

  const approved = await submit();
  await decide(await openQuestion(approved), { decision: 'approve' });
  expect([...(await engine.ended(approved)).results.keys()].toSorted()).toEqual(['a', 'b']);

  const rejected = await submit();
  await decide(await openQuestion(rejected), { decision: 'reject', reason: 'not like this' });
  const { record } = await engine.ended(rejected);
  expect(record).toMatchObject({ status: 'failed', error: { code: 'rejected', message: 'not like this' } });
  expect(callsOf(rejected)).toEqual([]);
});

test('an edited plan keeps the tasks that the run stops at, and names each of them once', async () => {
  const run = await engine.submit(planOf({ a: {}, b: {} }), { interrupt_before: ['plan', 'b'] });
  const question = await openQuestion(run);
  const edit = (tasks: Parameters<typeof planOf>[0]) => decide(question, { decision: 'edit', content: planOf(tasks) });
  const lost = { code: 'invalid_plan', faults: [{ path: 'content.sub_tasks' }] };
  await expect(edit({ a: {}, renamed: {} })).rejects.toMatchObject(lost);
  await expect(edit({ a: {}, b: {}, plan: {} })).rejects.toMatchObject(lost);
  await edit({ b: {} });
  await decide(await openQuestion(run, 'input'), { decision: 'approve' });
  expect([...(await engine.ended(run)).results.keys()]).toEqual(['b']);
  await expect(engine.submit(planOf({ map: {} }), { interrupt_after: ['map'] })).rejects.toMatchObject({
    code: 'invalid_request',
    faults: [{ path: 'options.interrupt_after[0]', message: expect.stringContaining('another id') }],
  });
});

test("a point that no task of a planner's plan is called by is told as a warning", async () => {
  // As a planned query comes to its plan: nobody could check it before.
  const options = RunOptions.parse({ interrupt_before: ['nobody'] });
  const { run } = await acceptRun(flow(), { query: 'q', plan: planOf({ a: {} }), metadata: {}, options });
  const { record } = await engine.ended(run);
  expect(record.partial).toBeUndefined();
  expect(record.warnings).toEqual([expect.stringMatching(/^options\.interrupt_before\[0\]: "nobody" is no task/)]);
});

test('what a run asks ends as its options say: about its plan, and at its points', async () => {
  const interrupt = { expires_ms: 150, on_expiry: 'approve' } as const;
  const own = { approval: { when: 'before', expires_ms: 200, on_expiry: 'reject' } };
  const { record, results, events } = await engine.runToEnd(planOf({ a: {}, b: own }), {
    ...{ interrupt_before: ['plan', 'a', 'b'], interrupt },
  });
  expect(record.options.interrupt).toEqual(interrupt);
  expect([results.get('a')?.status, results.get('b')?.status]).toEqual(['completed', 'skipped']);
  const resolved = events.flatMap((event) => (event.name === 'interrupt.resolved' ? [event.detail] : []));
  expect(resolved.map(({ interrupt_id, state }) => [interrupt_id.split('~')[1], state]).toSorted()).toEqual([
    ['$plan', 'approved'],
    ['a', 'approved'],
    ['b', 'rejected'],
  ]);
});

test('what a question is about lies beside it, so that whoever only counts the questions reads none of it', async () => {
  const input_data = { text: 'x'.repeat(50_000) };
  const run = await engine.submit(planOf({ a: { ...before, input_data } }));
  const { content, id } = await openQuestion(run);
  expect(JSON.parse(content)).toMatchObject({ input_data });
  const { redis, keys } = store();
  expect(await redis.hstrlen(keys.run(run).asks, 'a~input')).toBeLessThan(1_000);
  const [head] = await loadAskHeads(store(), run);
  expect(head).toMatchObject({ isOpen: true, ask: { id } });
  await cancelRun(flow(), run);
  await engine.ended(run);
  expect((await loadAskHeads(store(), run))[0]?.isOpen).toBe(false);
  expect((await viewInterrupt(store(), id)).content).toBe(content);
});

test('a list of questions misses none because others are decided while it is read', async () => {
  const run = await engine.submit(planOf({ a: before }));
  const { id, requested_at } = await openQuestion(run);
  const { redis, keys } = store();
  // Newer ones, more than are read at once, many of them of one moment; every other one is gone as soon as it has been read.
  const at = (index: number) => Date.parse(requested_at) + (index < 250 ? 1 : index);
  const newer = Array.from({ length: 400 }, (_, index) => `${run}~t${index}~input`);
  await redis.zadd(keys.interrupts, ...newer.flatMap((member, index) => [at(index), member]));
  const leaves = new Set(newer.filter((_, index) => index % 2 === 0));
  const read: string[] = [];
  const leaving = new Proxy(redis, {
    get: (target, name) =>
      name === 'hmget'
        ? async (key: string, ...fields: string[]) => {
            const member = `${run}~${fields[0]}`;
            if (leaves.has(member)) await target.zrem(keys.interrupts, member);
            read.push(member);
            return target.hmget(key, ...fields);
          }
        : Reflect.get(target, name, target),
  });
  const page = await listInterrupts({ redis: leaving, keys }, { limit: 10, after: undefined, run: undefined });
  expect(page.interrupts.map((question) => question.id)).toEqual([id]);
  expect(read.toSorted()).toEqual([...newer, id].toSorted());
  await redis.zrem(keys.interrupts, ...newer);
  await cancelRun(flow(), run);
  await engine.ended(run);
});

test('of an approval and a rejection at once exactly one counts; other content, and a faulty edit, decide nothing', async () => {
  const run = await engine.submit(planOf({ a: before }));
  const question = await openQuestion(run);
  const stale = decide(question, { decision: 'approve', hash: '0'.repeat(64) });
  await expect(stale).rejects.toMatchObject({ code: 'stale_content' });
  const faulty = decide(question, { decision: 'edit', content: { task_id: 'b' } });
  await expect(faulty).rejects.toMatchObject({ code: 'invalid_request' });
  expect((await viewInterrupt(store(), question.id)).state).toBe('open');

  const choices = Array.from({ length: 10 }, (_, index): Given => ({ decision: index % 2 ? 'approve' : 'reject' }));
  const outcomes = await Promise.allSettled(choices.map((choice) => decide(question, choice)));
  const won = outcomes.filter((outcome) => outcome.status === 'fulfilled');
  const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(won).toHaveLength(1);
  expect(lost.map(({ reason }) => reason.code)).toEqual(Array(9).fill('already_decided'));
  const { results, events } = await engine.ended(run);
  const expected = won[0]?.value.state === 'approved' ? 'completed' : 'skipped';
  expect(results.get('a')?.status).toBe(expected);
  expect(events.filter(({ name }) => name === 'interrupt.resolved')).toHaveLength(1);
  await expect(decide(question, { decision: 'approve' })).rejects.toMatchObject({ code: 'already_decided' });
  await expect(viewInterrupt(store(), `${run}~b~input`)).rejects.toMatchObject({ code: 'interrupt_not_found' });
});

test('when nobody decides in time the default does, of both questions of one task', async () => {
  const ask = (when: string, on_expiry: string) => planOf({ a: { approval: { when, expires_ms: 150, on_expiry } } });
  const [approved, rejected] = await Promise.all([
    engine.runToEnd(ask('both', 'approve')),
    engine.runToEnd(ask('before', 'reject')),
  ]);
  expect(approved.results.get('a')?.status).toBe('completed');
  expect(approved.events.filter(({ name }) => name === 'interrupt.resolved')).toHaveLength(2);
  expect(rejected.results.get('a')).toMatchObject({ status: 'skipped', error: { code: 'rejected' } });
  const resolved = rejected.events.find(({ name }) => name === 'interrupt.resolved');
  expect(resolved?.detail).toMatchObject({ expired: true, state: 'rejected' });
});

test('a task that is asked about twice has a time for each question', async () => {
  const run = await engine.submit(planOf({ a: { approval: { when: 'both', expires_ms: 500, on_expiry: 'approve' } } }));
  await decide(await openQuestion(run, 'input'), { decision: 'approve' });
  await openQuestion(run, 'output');
  const { events } = await engine.ended(run);
  const resolved = events.flatMap((event) => (event.name === 'interrupt.resolved' ? [event.detail.expired] : []));
  expect(resolved).toEqual([false, true]);
});

test('a question whose timer is lost is decided by the reconciler; expiring a decided one changes nothing', async () => {
  const run = await engine.submit(planOf({ a: { approval: { expires_ms: 100, on_expiry: 'approve' } } }));
  const { id } = await openQuestion(run);
  await steppedOut(`${run}.0`);
  const { redis, keys } = store();
  await flow().queue('housekeeping').pause();
  await flow().queue('housekeeping').remove(`${run}.0.expiry.1`);
  const mended: string[] = [];
  const sweep = openSweeper({
    flow: flow(),
    periodMs: 0,
    retention: { ageMs: 3_600_000, runs: 0 },
    onMended: ({ run: of, finding }) => void (of === run && mended.push(finding)),
    onError: (error) => expect.fail(String(error)),
  });
  const isDecided = () => redis.hexists(keys.run(run).asks, 'a~input:resolution');
  await eventually(async () => {
    await sweep();
    return (await isDecided()) === 1 ? true : undefined;
  });
  await flow().queue('housekeeping').resume();
  await expireInterrupt(flow(), id);
  expect((await engine.ended(run)).results.get('a')?.status).toBe('completed');
  expect(mended).toContain('ask_expired');
});

test("a human's time does not count against the task's own", async () => {
  const run = await engine.submit(planOf({ a: { ...before, timeout_ms: 100 } }));
  const question = await openQuestion(run);
  const asked = Date.parse(question.requested_at);
  await eventually(() => (Date.now() - asked > 250 ? true : undefined));
  await decide(question, { decision: 'approve' });
  expect((await engine.ended(run)).results.get('a')?.status).toBe('completed');
});

test('a cancel does not wait for a human: it ends in time, nothing is open, nothing can be decided, no job is left at work', async () => {
  const run = await engine.submit(planOf({ a: before, b: { after: ['a'] } }));
  const question = await openQuestion(run);
  await steppedOut(`${run}.0`);
  const asked = performance.now();
  await cancelRun(flow(), run);
  const { events, results } = await engine.ended(run);
  expect(performance.now() - asked).toBeLessThan(2_000);
  expect(events.at(-1)?.name).toBe('run.cancelled');
  expect([results.get('a')?.status, results.get('b')?.status]).toEqual(['skipped', 'skipped']);
  await expect(decide(question, { decision: 'approve' })).rejects.toMatchObject({ code: 'run_ended' });
  expect(await viewInterrupt(store(), question.id)).toMatchObject({ state: 'withdrawn', reason: 'The run has ended.' });
  expect(await viewOf(run)).toMatchObject({ tasks: [{ status: 'skipped' }, { status: 'skipped' }] });
  expect(await store().redis.zscore(store().keys.interrupts, question.id)).toBeNull();
  expect(await flow().queue('cap-custom').getJobState(`${run}.0`)).toBe('completed');
});

test('a cancel while the plan is looked at ends the run, and a removed run leaves no key, its timers included', async () => {
  const run = await engine.submit(planOf({ a: {} }), { interrupt_before: ['plan'] });
  await openQuestion(run);
  await steppedOut(`${run}.plan`, 'orchestrator');
  await cancelRun(flow(), run);
  expect((await engine.ended(run)).events.at(-1)?.name).toBe('run.cancelled');
  await eventually(async () => ((await removeEndedRun(flow(), run)) ? true : undefined));
  const { redis, keys } = store();
  const left = async () => (await redis.keys(`*${run}*`)).filter((key) => !key.includes('housekeeping:'));
  expect(await left()).toEqual([]);
  expect(await flow().queue('housekeeping').getJob(`${run}.plan.expiry.1`)).toBeUndefined();
  expect(await redis.zscore(keys.interrupts, `${run}~$plan~plan`)).toBeNull();
});

test('a run may be paused while a human thinks: what was approved begins when it is resumed', async () => {
  const run = await engine.submit(planOf({ a: before }));
  const question = await openQuestion(run);
  await steppedOut(`${run}.0`);
  await pauseRun(flow(), run);
  await decide(question, { decision: 'approve' });
  const { redis, keys } = store();
  await eventually(async () => ((await redis.hlen(keys.run(run).parked)) === 1 ? true : undefined));
  expect(callsOf(run)).toEqual([]);
  await resumeRun(flow(), run);
  expect((await engine.ended(run)).results.get('a')?.status).toBe('completed');
});

test('a plan job that comes back to a paused run waits for both, the human and the resume', async () => {
  const run = await engine.submit(planOf({ a: {} }), { interrupt_before: ['plan'] });
  const question = await openQuestion(run);
  const job = { queue: 'orchestrator', id: `${run}.plan` };
  await steppedOut(job.id, job.queue);
  await pauseRun(flow(), run);
  const { redis, keys } = store();
  // As after its worker's death: the job is back although its question is open.
  await redis.srem(`${keys.job(job.queue, job.id)}:dependencies`, keys.job('ask', job.id));
  await releaseJob(flow(), job);
  await eventually(async () => ((await redis.hlen(keys.run(run).parked)) === 2 ? true : undefined));
  await resumeRun(flow(), run);
  await eventually(async () =>
    (await redis.scard(`${keys.job(job.queue, job.id)}:dependencies`)) === 1 ? true : undefined,
  );
  await decide(question, { decision: 'approve' });
  expect((await engine.ended(run)).results.get('a')?.status).toBe('completed');
});

test('a join that goes on withdraws the questions of the branches it drops', async () => {
  const plan = planOf({
    slow: before,
    quick: { input_data: { hold: true }, capability: 'search' },
    j: { after: ['slow', 'quick'], join: { min_fraction: 0.5 } },
  });
  const run = await engine.submit(plan);
  const question = await openQuestion(run);
  await steppedOut(`${run}.0`);
  seen.events.emit('release');
  const { results } = await engine.ended(run);
  expect(results.get('slow')).toMatchObject({ status: 'skipped', error: { code: 'late' } });
  expect(await viewInterrupt(store(), question.id)).toMatchObject({ state: 'withdrawn' });
  await expect(decide(question, { decision: 'approve' })).rejects.toMatchObject({ code: 'run_ended' });
  expect(callsOf(run)).not.toContain('slow');
});
