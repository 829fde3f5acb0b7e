// Every place at which a process may die: after its first Redis command, after its second ... until it gets through. Whatever was cut
// off, a healthy worker finishes it: nothing is stuck, lost or doubled.
import { expect } from 'vitest';
import { isTerminalEvent } from '../../src/contracts/event.ts';
import { ForkRequest } from '../../src/contracts/fork.ts';
import type { Plan } from '../../src/contracts/plan.ts';
import { RunRequest } from '../../src/contracts/run.ts';
import { plainOptions, RunOptions } from '../../src/contracts/run-options.ts';
import type { Flow } from '../../src/flow/flow.ts';
import { cancelRun } from '../../src/orchestrator/cancel-run.ts';
import { forkRun } from '../../src/orchestrator/fork-run.ts';
import { decideInterrupt } from '../../src/orchestrator/interrupts.ts';
import { pauseRun, resumeRun } from '../../src/orchestrator/pause-run.ts';
import { removeEndedRun } from '../../src/orchestrator/remove-run.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { viewRun } from '../../src/orchestrator/view-run.ts';
import { seen } from '../support/agents/scripted.ts';
import { planned, written } from '../support/asking.ts';
import { type Crash, openCrash } from '../support/crashing.ts';
import { openPlanner, patchText } from '../support/planner.ts';
import { planOf } from '../support/plans.ts';
import { eventually, startBaton } from '../support/processes.ts';
import { openScriptedModel } from '../support/scripted-model.ts';
import { eventsOf, eventsOfEndedRun, openTestStore } from '../support/store.ts';
import { scriptedAgents, startTestWorker } from '../support/worker.ts';
import { openLanes, type Place, tryAll } from './crash-lanes.ts';

const END_MS = 30_000;
/** What finishes what a dead process has left: taken over, swept and reconciled within moments. */
const rescue = { BATON_RECONCILE_MS: '200', BATON_LOCK_MS: '500', BATON_STALLED_MS: '100' };

export type { Place };

/** One operation: what it does as the process that dies, and what must be true afterwards, whenever that was. */
type Operation = {
  readonly name: string;
  /** Runs the operation on connections that die; resolves when it is through, or never. */
  readonly run: (place: Place, crash: Crash) => Promise<void>;
  /** With a healthy worker beside: everything is as it must be. */
  readonly check: (place: Place) => Promise<void>;
  /** Settings of that worker. */
  readonly env?: Readonly<Record<string, string>>;
  /** Its agents; the scripted ones unless given. */
  readonly agents?: readonly string[];
};

/** How many places there are at which an operation can be cut, and how many were tried. */
export type Coverage = { readonly name: string; readonly points: number; readonly tried: number };

/** Tries the places that `isWanted`. How many there are is found by letting the operation through once. */
export async function checkCrashPoints(
  place: Place,
  makeOperation: (place: Place) => Promise<Operation>,
  isWanted: (point: number) => boolean,
): Promise<Coverage> {
  const whole = await tryPoint(place, makeOperation, Number.POSITIVE_INFINITY);
  const points = Array.from({ length: whole.commands }, (_, index) => index + 1);
  const wanted = points.filter(isWanted);
  await using lanes = await openLanes(place, wanted.length);
  const tried = await tryAll(lanes.places, wanted, (lane, point) => tryPoint(lane, makeOperation, point));
  return { name: whole.name, points: points.length, tried };
}

async function tryPoint(
  place: Place,
  makeOperation: (place: Place) => Promise<Operation>,
  point: number,
): Promise<{ name: string; commands: number }> {
  const operation = await makeOperation(place);
  const crash = openCrash(place.redis.url, point);
  await Promise.race([operation.run(place, crash), crash.died]);
  const commands = crash.commands.length;
  await checkWithHelp(place, operation, `${operation.name}, cut after ${crash.commands.join(' ')}`);
  return { name: operation.name, commands };
}

async function checkWithHelp(place: Place, operation: Operation, when: string): Promise<void> {
  const { agents, env } = operation;
  const own = agents === undefined ? {} : { agents };
  await using _worker = await startTestWorker({ redisUrl: place.redis.url, env: { ...rescue, ...env }, ...own });
  try {
    await operation.check(place);
  } catch (cause) {
    throw new Error(`${when}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

const callsOf = (run: string) => seen.calls.filter(({ key }) => key.startsWith(run)).map(({ task }) => task);

/** A run has one end, which is the last thing said, one outcome per task, and no task was called more than `most` times. */
async function checkRun(
  { opened }: Place,
  run: string,
  expected: Readonly<Record<string, string>>,
  most: number,
): Promise<void> {
  await eventsOfEndedRun(opened, run, END_MS);
  const events = await eventsOf(opened.store, run);
  expect(events.filter(({ name }) => isTerminalEvent(name))).toEqual(events.slice(-1));
  const ends = events.filter(({ name }) => ['task.completed', 'task.failed', 'task.skipped'].includes(name));
  expect(Object.fromEntries(ends.map(({ task_id, name }) => [task_id, name.slice(5)]))).toEqual(expected);
  expect(ends).toHaveLength(Object.keys(expected).length);
  const calls = callsOf(run);
  for (const task of new Set(calls))
    expect(calls.filter((each) => each === task).length, task).toBeLessThanOrEqual(most);
}

const small = planOf({ a: {}, b: { after: ['a'] } });
const smallEnds = { a: 'completed', b: 'completed' };

/** Submitted over connections that die. Afterwards the client asks again with its key, or nobody does. */
export function submit(asksAgain: boolean) {
  return async (): Promise<Operation> => {
    const key = `key${Math.random()}`;
    const idempotency = { owner: 'test', key, body: 'the body' };
    const request = { plan: small, metadata: {}, options: plainOptions };
    let before: readonly string[] = [];
    return {
      name: `submit, ${asksAgain ? 'asked again' : 'left alone'}`,
      run: async ({ opened }, crash) => {
        before = await opened.store.redis.zrange(opened.store.keys.runs, 0, '-1');
        await using dying = openDying(crash);
        await submitRun(dying.flow, request, idempotency);
      },
      check: async (place) => {
        const { redis, keys } = place.opened.store;
        const again = asksAgain ? (await submitRun(place.opened.flow, request, idempotency)).run : undefined;
        const runs = (await redis.zrange(keys.runs, 0, '-1')).filter((run) => !before.includes(run));
        expect(runs.length).toBeLessThanOrEqual(1);
        if (again !== undefined) expect(runs).toEqual([again]);
        for (const run of runs) await checkRun(place, run, smallEnds, 1);
      },
    };
  };
}

/** A whole worker: plan, claim, append, fail, settle, joins, children, close. */
export async function work({ opened }: Place): Promise<Operation> {
  const plan: Plan = planOf({
    a: { input_data: { words: ['x', 'y'] } },
    b: { after: ['a'] },
    c: { after: ['a'], input_data: { failFirst: 1 }, capability: 'search' },
    j: { after: ['b', 'c'], join: { min_fraction: 0.5, late: 'keep' } },
    m: { after: ['j'], kind: 'map', map: { over: { input: 'items' } }, input_data: { items: [{}, {}] } },
    bad: { after: ['m'], input_data: { fail: true }, retries: 0 },
    end: { after: ['m', 'bad'] },
  });
  const { run } = await submitRun(opened.flow, { plan, metadata: {}, options: plainOptions });
  return {
    name: 'work',
    run: async (_place, crash) => {
      const worker = await startTestWorker({ redisUrl: crash.url, concurrency: 1 });
      await eventsOfEndedRun(opened, run, END_MS);
      if (!crash.hasDied()) await worker[Symbol.asyncDispose]();
    },
    check: (place) => {
      const completed = ['a', 'b', 'c', 'j', 'm', 'm.0', 'm.1'].map((id) => [id, 'completed']);
      return checkRun(place, run, { ...Object.fromEntries(completed), bad: 'failed', end: 'skipped' }, 3);
    },
  };
}

/** A query is planned and its results are merged: every request that reaches the model was counted before, within the bound. */
export async function query({ opened }: Place): Promise<Operation> {
  const model = await openScriptedModel([
    (response, body) => (body.stream === true ? written : planned('search', 'custom'))(response, body),
  ]);
  const most = 6;
  const request = RunRequest.parse({ query: `query ${Math.random()}`, options: { max_model_calls: most } });
  const { run } = await submitRun(opened.flow, request);
  const env = { ...model.env, BATON_PLAN_CACHE_TTL_MS: '60000' };
  return {
    name: 'query',
    env,
    run: async (_place, crash) => {
      const worker = await startTestWorker({ redisUrl: crash.url, concurrency: 1, env });
      await eventsOfEndedRun(opened, run, END_MS);
      if (!crash.hasDied()) await worker[Symbol.asyncDispose]();
    },
    check: async (place) => {
      await checkRun(place, run, { t1: 'completed', t2: 'completed' }, 2);
      const { model_calls: counted = 0, plan } = (await viewRun(opened.store, run)) ?? {};
      expect(plan?.sub_tasks).toHaveLength(2);
      expect(model.received.length).toBeLessThanOrEqual(counted);
      expect(counted).toBeLessThanOrEqual(most);
      await model[Symbol.asyncDispose]();
    },
  };
}

/** A plan is changed because of a failure: the outcome kept back, the planner asked, the patch recorded, its jobs added, the task settled. */
export async function patch({ opened }: Place): Promise<Operation> {
  const planner = await openPlanner(() => patchText([{ id: 'x' }, { id: 'y', after: ['x', 'a', 'b'] }], ['end']));
  const plan = planOf({
    a: {},
    bad: { after: ['a'], input_data: { fail: true }, retries: 0 },
    b: { after: ['a'], capability: 'search' },
    end: { after: ['b', 'bad'] },
    rest: { behind: ['bad'] },
  });
  const options = RunOptions.parse({ recovery: { mode: 'repairable' } });
  const { run } = await submitRun(opened.flow, { plan, metadata: {}, options });
  return {
    name: 'patch',
    env: planner.env,
    run: async (_place, crash) => {
      const worker = await startTestWorker({ redisUrl: crash.url, concurrency: 1, env: planner.env });
      await eventsOfEndedRun(opened, run, END_MS);
      if (!crash.hasDied()) await worker[Symbol.asyncDispose]();
    },
    check: async (place) => {
      const completed = ['a', 'b', 'rest', 'bad.r1', 'bad.r2'].map((id) => [id, 'completed']);
      await checkRun(place, run, { ...Object.fromEntries(completed), bad: 'failed', end: 'skipped' }, 2);
      const view = await viewRun(opened.store, run);
      expect([view?.status, view?.partial, view?.plan_revision]).toEqual(['completed', false, 1]);
      const events = await eventsOf(opened.store, run);
      expect(events.filter(({ name }) => name === 'plan.patched')).toHaveLength(1);
      expect(callsOf(run)).not.toContain('end');
      await planner[Symbol.asyncDispose]();
    },
  };
}

/** A run in mid-call is cancelled. Once its first command got through, it ends without being asked again. */
export async function cancel({ opened, redis }: Place): Promise<Operation> {
  const worker = await startTestWorker({ redisUrl: redis.url });
  const { run } = await submitRun(opened.flow, {
    plan: planOf({ a: { input_data: { hang: true } }, b: { after: ['a'] } }),
    metadata: {},
    options: plainOptions,
  });
  await eventually(() => callsOf(run).length > 0 || undefined);
  return {
    name: 'cancel',
    run: async (_place, crash) => {
      await using dying = openDying(crash);
      await cancelRun(dying.flow, run);
    },
    check: async (place) => {
      await eventsOfEndedRun(opened, run, END_MS);
      await worker[Symbol.asyncDispose]();
      const events = await eventsOf(place.opened.store, run);
      expect(events.at(-1)?.name).toBe('run.cancelled');
      expect(callsOf(run)).toEqual(['a']);
    },
  };
}

/** A question is decided over connections that die; should nothing of it have arrived, it is decided again. */
export async function decide({ opened, redis }: Place): Promise<Operation> {
  const worker = await startTestWorker({ redisUrl: redis.url });
  const { run } = await submitRun(opened.flow, {
    plan: planOf({ a: { approval: { when: 'both' } }, b: { after: ['a'] } }),
    metadata: {},
    options: RunOptions.parse({}),
  });
  const open = () =>
    eventually(async () => (await viewRun(opened.store, run))?.interrupts.find(({ state }) => state === 'open'));
  const decideOn = async (flow: Flow): Promise<void> => {
    const { id, hash } = await open();
    await decideInterrupt(flow, id, { decision: 'approve', hash, reason: '' });
  };
  await open();
  return {
    name: 'decide',
    run: async (_place, crash) => {
      await using dying = openDying(crash);
      await decideOn(dying.flow);
    },
    check: async (place) => {
      for (const subject of ['input', 'output']) {
        const left = await eventually(async () => {
          const view = await viewRun(opened.store, run);
          const asked = view?.interrupts.find((each) => each.subject === subject);
          return asked === undefined ? undefined : asked.state;
        });
        if (left === 'open') await decideOn(place.opened.flow);
      }
      await checkRun(place, run, smallEnds, 1);
      await worker[Symbol.asyncDispose]();
    },
  };
}

const killAt = new URL('../support/kill-at.ts', import.meta.url).href;

/** The same worker as a process of its own that ends by SIGKILL after its `point`-th command, for a sample of the places. */
export async function checkRealKills(place: Place, points: readonly number[]): Promise<number> {
  let killed = 0;
  for (const point of points) {
    const operation = await work(place);
    const env = {
      ...{ REDIS_URL: place.redis.url, BATON_CONCURRENCY: '1', BATON_AGENT_WAIT_MS: '300' },
      ...{ KILL_AT: `${point}`, NODE_OPTIONS: `--import=${killAt}` },
    };
    const worker = await startBaton(['worker', '--agents', scriptedAgents], env).catch(() => undefined); // it died before it was ready
    const ended = operation.check(place).then(() => 'through' as const);
    ended.catch(() => undefined); // looked at again below
    const how = worker === undefined ? 'SIGKILL' : await Promise.race([worker.exited, ended]);
    if (how === 'SIGKILL') killed += 1;
    else await worker?.[Symbol.asyncDispose]();
    await checkWithHelp(place, operation, `killed after ${point} commands`);
  }
  return killed;
}

/** A run that has ended is forked, with the client's key. */
export async function fork(place: Place): Promise<Operation> {
  const { opened } = place;
  const { run } = await submitRun(opened.flow, { plan: small, metadata: {}, options: plainOptions });
  await checkWithHelp(
    place,
    { name: 'fork', run: async () => undefined, check: () => checkRun(place, run, smallEnds, 1) },
    'before',
  );
  const request = ForkRequest.parse({ from: ['b'] });
  const idempotency = { owner: 'test', key: `fork${Math.random()}`, body: 'the body' };
  return {
    name: 'fork',
    run: async (_place, crash) => {
      await using dying = openDying(crash);
      await forkRun(dying.flow, { run, request }, idempotency);
    },
    check: async () => {
      const { run: forked } = await forkRun(opened.flow, { run, request }, idempotency);
      await checkRun(place, forked, { b: 'completed' }, 1);
      expect(callsOf(forked)).toEqual(['b']);
    },
  };
}

/** A run is paused and resumed by a process that dies; resumed again it goes on. */
export async function pause({ opened }: Place): Promise<Operation> {
  const { run } = await submitRun(opened.flow, { plan: small, metadata: {}, options: plainOptions });
  return {
    name: 'pause and resume',
    run: async (_place, crash) => {
      await using dying = openDying(crash);
      await pauseRun(dying.flow, run);
      await resumeRun(dying.flow, run);
    },
    check: async (place) => {
      await resumeRun(opened.flow, run);
      await checkRun(place, run, smallEnds, 1);
    },
  };
}

/** A run that has ended is removed; what is left of it is removed later. */
export async function remove(place: Place): Promise<Operation> {
  const { opened } = place;
  const { run } = await submitRun(opened.flow, { plan: small, metadata: {}, options: plainOptions });
  await checkWithHelp(
    place,
    { name: 'remove', run: async () => undefined, check: () => checkRun(place, run, smallEnds, 1) },
    'before',
  );
  return {
    name: 'remove',
    run: async (_place, crash) => {
      await using dying = openDying(crash);
      await removeEndedRun(dying.flow, run);
    },
    check: async () => {
      const { redis, keys } = opened.store;
      if ((await redis.zscore(keys.endedRuns, run)) !== null) expect(await removeEndedRun(opened.flow, run)).toBe(true);
      expect(await redis.keys(`*${run}*`)).toEqual([]);
      expect(await redis.zscore(keys.runs, run)).toBeNull();
    },
  };
}

/** The connections of the process that dies. They are not closed in an orderly way once it is dead. */
function openDying(crash: Crash): AsyncDisposable & { readonly flow: Flow } {
  const dying = openTestStore(crash.url);
  return {
    flow: dying.flow,
    [Symbol.asyncDispose]: async () => {
      if (!crash.hasDied()) await dying[Symbol.asyncDispose]();
    },
  };
}

/** All operations there are. */
export const operations = {
  'submit, asked again': submit(true),
  'submit, left alone': submit(false),
  work,
  query,
  patch,
  cancel,
  decide,
  fork,
  'pause and resume': pause,
  remove,
} as const;
