// Map tasks whose worker died, and bounds that keep a fan-out from hurting what it runs on.
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobIds, queueOf } from '../../src/contracts/job.ts';
import { limits } from '../../src/contracts/limits.ts';
import type { Plan } from '../../src/contracts/plan.ts';
import { addChildren } from '../../src/flow/add-children.ts';
import { claimTask } from '../../src/journal/claim.ts';
import { measureResults } from '../../src/journal/measure-results.ts';
import { recordRound } from '../../src/journal/record-round.ts';
import { removeEndedRun } from '../../src/orchestrator/remove-run.ts';
import { viewRun } from '../../src/orchestrator/view-run.ts';
import { childrenOf } from '../../src/plan/map-children.ts';
import { usageOfCall } from '../support/agents/paid.ts';
import { seen } from '../support/agents/scripted.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf, type TaskSketch } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine();
});

afterAll(() => engine[Symbol.asyncDispose]());

const mapOver = (items: readonly unknown[], rest: TaskSketch = {}): TaskSketch => ({
  kind: 'map',
  map: { over: { input: 'items' }, max_items: limits.mapItems },
  retries: 0,
  ...rest,
  input_data: { items, ...Object(rest.input_data) },
});
const held: TaskSketch = { input_data: { hold: true } };
const callsOf = (run: string) => seen.calls.filter(({ key }) => key.startsWith(`${run}.m`)).map(({ task }) => task);

/** A run whose map task `m`, the second of its plan, waits for a task that its agent holds. */
async function submitHeld(plan: Plan): Promise<string> {
  const run = await engine.submit(plan);
  await engine.eventOf(run, ({ name, task_id }) => name === 'task.started' && task_id === 'gate');
  return run;
}

/** What a worker does that takes `m`, up to where it has decided. */
async function decide(run: string, plan: Plan, items: readonly unknown[]) {
  const task = plan.sub_tasks[1];
  if (task === undefined) throw new Error('expected a plan whose second task is the map');
  const { store } = engine.opened;
  const claim = await claimTask(store, {
    ...{ run, task: 'm', token: randomUUID(), dependencies: [], needed: 0, announce: [] },
  });
  if (!('epoch' in claim)) throw new Error(`expected a claim that owns m, came ${claim.state}`);
  const job = { queue: queueOf(task.required_capability), id: jobIds.task(run, 1) };
  const children = childrenOf({ task, job, inputs: [] }, items);
  const decided = await recordRound(store, {
    run,
    task: 'm',
    epoch: claim.epoch,
    place: 0,
    round: { children: [...children], note: null },
  });
  const family = { data: { run_id: run, task, edges: [], tree: true, needs: [] }, job, priority: 5 };
  return { epoch: claim.epoch, children, decided: decided?.children, family };
}

/** Every command that Redis runs from now on, those within scripts included. */
async function openMonitor() {
  const { store, connect } = engine.opened;
  const monitor = await connect().monitor();
  const commands: string[][] = [];
  monitor.on('monitor', (_time: string, command: string[]) => void commands.push(command));
  return {
    soFar: async (): Promise<readonly string[][]> => {
      const mark = randomUUID();
      await store.redis.echo(mark);
      return eventually(() =>
        Promise.resolve(commands.some((command) => command.includes(mark)) ? commands : undefined),
      );
    },
    [Symbol.asyncDispose]: async () => monitor.disconnect(),
  };
}

test.each([
  ['before the first job', 0],
  ['between two jobs', 1],
  ['after the last job', 3],
])('a worker that dies %s of its children leaves one set of them, each called once', async (_when, added) => {
  const plan = planOf({ gate: held, m: { ...mapOver([{}, {}, {}]), after: ['gate'] } });
  const run = await submitHeld(plan);
  const { children, family } = await decide(run, plan, [{}, {}, {}]);
  if (added > 0) await addChildren(engine.opened.flow, { ...family, children: children.slice(0, added) });
  seen.events.emit('release');
  const { results, events } = await engine.ended(run);
  expect(JSON.parse(results.get('m')?.response ?? '')).toEqual(['m.0 done', 'm.1 done', 'm.2 done']);
  expect(callsOf(run).toSorted()).toEqual(['m.0', 'm.1', 'm.2']);
  expect(events.filter(({ name }) => name === 'task.spawned')).toHaveLength(1);
});

test('the first decision counts: whoever decides again, with another list, gets the children that are there', async () => {
  const plan = planOf({ gate: held, m: { ...mapOver([{}, {}, {}]), after: ['gate'] } });
  const run = await submitHeld(plan);
  const first = await decide(run, plan, [{ ms: 1 }]);
  const second = await decide(run, plan, [{}, {}]);
  expect(second.decided).toEqual(first.decided);
  seen.events.emit('release');
  const { results } = await engine.ended(run);
  expect(JSON.parse(results.get('m')?.response ?? '')).toEqual(['m.0 done']);
});

test('a decision that an older attempt makes too late is refused', async () => {
  const plan = planOf({ gate: held, m: { ...mapOver([{}]), after: ['gate'] } });
  const run = await submitHeld(plan);
  const { store } = engine.opened;
  const claim = () =>
    claimTask(store, { run, task: 'm', token: randomUUID(), dependencies: [], needed: 0, announce: [] });
  const old = await claim();
  await claim();
  const epoch = 'epoch' in old ? old.epoch : 0;
  await expect(
    recordRound(store, { run, task: 'm', epoch, place: 0, round: { children: [], note: null } }),
  ).rejects.toMatchObject({
    code: 'lock_lost',
  });
  seen.events.emit('release');
  await engine.ended(run);
});

test('an item that no task could carry makes the map fail with the reason; the run ends and can be shown', async () => {
  const { run, results } = await engine.runToEnd(
    planOf({
      list: { input_data: { words: [JSON.stringify(['y'.repeat(10_000)])] } },
      m: {
        ...{ after: ['list'], kind: 'map', map: { over: { task: 'list' } } },
        input_data: { tone: 'x'.repeat(250_000) },
      },
    }),
  );
  expect(results.get('m')).toMatchObject({ status: 'failed', error: { code: 'map_invalid' } });
  expect(results.get('m')?.error?.message).toMatch(/^Item 0 is too large/);
  expect((await viewRun(engine.opened.store, run))?.spawned).toEqual([]);
});

test('children that are too large together are not written at all', async () => {
  const { run, results } = await engine.runToEnd(
    planOf({ m: mapOver(Array(100).fill(0), { input_data: { tone: 'x'.repeat(100_000) } }) }),
  );
  expect(results.get('m')).toMatchObject({ status: 'failed', error: { code: 'map_invalid' } });
  expect(results.get('m')?.error?.message).toMatch(
    /^Expected at most 8000000 bytes for the tasks of 100 items, came 1/,
  );
  const { redis, keys } = engine.opened.store;
  expect(await redis.exists(keys.run(run).spawned)).toBe(0);
});

test('texts that are together a little more than one may have make the map fail as too large', async () => {
  const words = ['x'.repeat(200_000)];
  const { results } = await engine.runToEnd(planOf({ m: mapOver(Array(6).fill({}), { input_data: { words } }) }));
  expect(results.get('m')).toMatchObject({ status: 'failed', error: { code: 'output_too_large' } });
  expect(results.get('m.0')?.status).toBe('completed');
});

test('texts that are too large together are measured, and nobody reads them: neither their map task nor the root', async () => {
  const words = ['x'.repeat(200_000)];
  const { store } = engine.opened;
  await using watched = await openMonitor();
  const run = await engine.submit(planOf({ m: mapOver(Array(20).fill({}), { input_data: { words } }) }));
  await engine.eventOf(run, ({ name }) => name === 'run.failed');
  const text = store.keys.run(run).text('m.0');
  const commands = (await watched.soFar()).filter((command) => command.includes(text));
  expect(new Set(commands.map(([name]) => name?.toLowerCase()))).toEqual(new Set(['evalsha', 'set', 'strlen']));
  const measured = await measureResults(store, run, ['m', 'm.0', 'm.1', 'm.20']);
  expect(measured).toEqual({ settled: 3, longBytes: 400_000 });
});

test('a list is read whole, however little of its text each of many dependencies is given', async () => {
  const items = Array(20).fill({ pad: 'x'.repeat(11_000) });
  const others = Object.fromEntries(Array.from({ length: 24 }, (_, at) => [`t${at}`, {}]));
  const { results } = await engine.runToEnd(
    planOf({
      list: { input_data: { words: [JSON.stringify(items)] } },
      ...others,
      m: { after: ['list', ...Object.keys(others)], kind: 'map', map: { over: { task: 'list' } } },
    }),
  );
  expect(results.get('list')?.response.length).toBeGreaterThan(limits.contextBytes / 25);
  expect(results.get('m')).toMatchObject({ status: 'completed', error: null });
});

test('all map tasks of a run together may add so many tasks and no more', async () => {
  const plan = planOf({ gate: held, m: { ...mapOver([{}, {}, {}]), after: ['gate'] } });
  const run = await submitHeld(plan);
  const { redis, keys } = engine.opened.store;
  await redis.hset(keys.run(run).run, 'children', limits.runChildren - 2);
  seen.events.emit('release');
  const { results } = await engine.ended(run);
  expect(results.get('m')).toMatchObject({ status: 'failed', error: { code: 'map_invalid' } });
  expect(results.get('m')?.error?.message).toContain(`Expected at most ${limits.runChildren} items`);
  expect(callsOf(run)).toEqual([]);
});

test('a run that leaves takes its children with it: their jobs, their texts, everything that names it', async () => {
  const long = { words: ['x'.repeat(2 * limits.inlineResultChars)] };
  const { run } = await engine.runToEnd(planOf({ m: mapOver([long, {}]), end: { after: ['m'] } }));
  const { redis, keys } = engine.opened.store;
  expect(await redis.exists(keys.run(run).spawned, keys.run(run).text('m.0'))).toBe(2);
  await eventually(async () => ((await removeEndedRun(engine.opened.flow, run)) ? true : undefined));
  expect(await redis.keys(`*${run}*`)).toEqual([]);
});

test("what children used counts once in the run's usage", async () => {
  const paid = fileURLToPath(new URL('../support/agents/paid.ts', import.meta.url));
  await using own = await openEngine({ agents: [paid] });
  const { run, results, events } = await own.runToEnd(planOf({ m: mapOver([{}, {}, {}]) }));
  expect(results.get('m')?.usage).toBeNull();
  const total = { total_tokens: 3 * usageOfCall.total_tokens };
  expect((await viewRun(own.opened.store, run))?.usage).toMatchObject(total);
  expect(events.at(-1)).toMatchObject({ name: 'run.completed', detail: { usage: total } });
});
