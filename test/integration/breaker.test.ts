// Records and breakers of agents over several workers, on a real Redis.
import { beforeAll, beforeEach, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/contracts/error.ts';
import { defaults, limits } from '../../src/contracts/limits.ts';
import { loadScript, runScript } from '../../src/journal/script.ts';
import type { Store } from '../../src/journal/store.ts';
import { CHANGES_START, loadChanges } from '../../src/registry/agent-events.ts';
import { loadCondition } from '../../src/registry/condition.ts';
import type { Permit } from '../../src/registry/permit.ts';
import { agentOf, type Chooses, conditionOf, openChooses, passBreakerTime, registeredOf } from '../support/choosing.ts';
import { eventually } from '../support/processes.ts';
import { useTestStore } from '../support/use-store.ts';

const opened = useTestStore();
let store: Store;
const agent = agentOf('agent');

beforeAll(() => {
  store = opened.store;
});
beforeEach(() => store.redis.flushall());
const failures = (count: number): ErrorCode[] => Array.from({ length: count }, () => 'agent_failed' as const);
/** What everybody who follows the registry has been told. */
const changesOf = async () => (await loadChanges(store, CHANGES_START, 100)).changes.map(({ name }) => name);
const isPermit = (taken: Permit | string): taken is Permit => typeof taken !== 'string';

test('an agent that nobody has called has no condition', async () => {
  expect(await loadCondition(store, ['nobody'])).toEqual(new Map());
});

test('a record holds the share of good calls and their latency, of all workers', async () => {
  await using one = openChooses(store);
  await using other = openChooses(store);
  await one.tell(agent, undefined, 'agent_failed', undefined);
  await other.tell(agent, undefined);
  const { record } = await conditionOf(store, 'agent');
  expect(record.weight).toBeCloseTo(4, 1);
  expect(record.success).toBeCloseTo(0.75, 3);
  expect(record.latencyMs).toBeCloseTo(100, 3);
});

test('after a half-life what was counts half; what is now counts more', async () => {
  await using one = openChooses(store);
  await one.tell(agent, ...failures(4));
  const key = store.keys.agentStats('agent');
  await store.redis.hincrby(key, 'at', -defaults.scoreHalfLifeMs);
  expect((await conditionOf(store, 'agent')).record.weight).toBeCloseTo(2, 1);
  await one.tell(agent, undefined, undefined);
  expect((await conditionOf(store, 'agent')).record.success).toBeCloseTo(0.5, 2);
  expect(await store.redis.pttl(key)).toBeGreaterThan(defaults.scoreHalfLifeMs);
});

test('a record never holds more calls than it may, so that the last ones tell', async () => {
  await using one = openChooses(store);
  await one.tell(agent, ...Array.from({ length: 1_000 }, () => undefined));
  expect((await conditionOf(store, 'agent')).record.weight).toBeCloseTo(limits.recordCalls, 0);
});

test.each<[string, ErrorCode]>([
  ['our own faulty request', 'agent_rejected'],
  ['a cancel', 'cancelled'],
  ['a drain', 'draining'],
  ['a lost lock', 'lock_lost'],
  ['a late branch', 'late'],
  ['the end of the task’s time', 'task_timeout'],
  ['no agent', 'no_suitable_agent'],
])('%s says nothing of the agent', async (_, code) => {
  await using one = openChooses(store);
  await one.tell(agent, ...Array.from({ length: 10 }, () => code));
  expect(await loadCondition(store, ['agent'])).toEqual(new Map());
});

test('a text without a server has neither record nor breaker', async () => {
  await using one = openChooses(store);
  await one.tell(agentOf('agent', { endpoint: null, static_response: 'hi' }), ...failures(10), undefined);
  expect(await loadCondition(store, ['agent'])).toEqual(new Map());
});

test('a busy agent loses rank, and its breaker stays closed: it serves', async () => {
  await using one = openChooses(store);
  await one.tell(agent, ...Array.from({ length: 10 }, () => 'agent_busy' as const));
  expect(await conditionOf(store, 'agent')).toMatchObject({ broken: false, record: { success: 0 } });
});

test('a batch that is sent twice counts once', async () => {
  const script = loadScript(new URL('../../src/registry/record-outcomes.lua', import.meta.url));
  const ofAgent = [store.keys.agentStats('agent'), store.keys.agentBreaker('agent')];
  const keys = [store.keys.outcomes('p'), store.keys.agentEvents, ...ofAgent];
  const settings = [60_000, defaults.scoreHalfLifeMs, 20, 5, 10_000, 10_000, 60_000, 1_000];
  const send = (batch: number) =>
    runScript(store.redis, script, { keys, args: [batch, ...settings, 'agent', 3, 1, 50, '0', 2] });
  expect([await send(1), await send(1)]).toEqual([[], []]);
  expect((await conditionOf(store, 'agent')).record.weight).toBeCloseTo(3, 1);
  expect([await send(2), await send(3)]).toEqual([[], ['agent']]);
});

test('failures in a row over two workers open the breaker for both', async () => {
  await using one = openChooses(store);
  await using other = openChooses(store);
  await one.tell(agent, ...failures(3));
  expect((await conditionOf(store, 'agent')).broken).toBe(false);
  await other.tell(agent, ...failures(2));
  expect((await conditionOf(store, 'agent')).broken).toBe(true);
  expect(await changesOf()).toEqual(['agent.broken']);
});

test('a success of any worker begins the row anew', async () => {
  await using one = openChooses(store);
  await using other = openChooses(store);
  await one.tell(agent, ...failures(4));
  await other.tell(agent, undefined, 'agent_failed');
  await one.tell(agent, ...failures(3));
  expect((await conditionOf(store, 'agent')).broken).toBe(false);
  await one.tell(agent, 'agent_timeout');
  expect((await conditionOf(store, 'agent')).broken).toBe(true);
});

test('the process whose calls have failed heeds its breaker at once, before anybody else can know', async () => {
  await using one = openChooses(store);
  const told = await registeredOf(store, agent);
  await one.tell(agent, ...failures(defaults.breakerFailures));
  expect(await one.permits.take(told, 'a call')).toBe('broken');
  expect(one.permits.live().get('agent')).toMatchObject({ broken: true });
});

test('a process whose own calls fail while those of others succeed keeps its trouble to itself', async () => {
  await using one = openChooses(store);
  await using other = openChooses(store);
  for (let turn = 0; turn < 3; turn += 1) {
    await one.tell(agent, ...failures(2));
    await other.tell(agent, undefined);
  }
  const told = await registeredOf(store, agent);
  expect(told.broken).toBe(false);
  expect(await one.permits.take(told, 'one')).toBe('broken');
  expect(isPermit(await other.permits.take(told, 'other'))).toBe(true);
});

/** Two workers that know of a breaker that has just become half open. */
async function openHalfOpen(options = {}): Promise<readonly [Chooses, Chooses]> {
  const opener = openChooses(store);
  await opener.tell(agent, ...failures(defaults.breakerFailures));
  await opener[Symbol.asyncDispose]();
  await passBreakerTime(store, 'agent', limits.breakerHalfOpenMs);
  return [openChooses(store, options), openChooses(store, options)];
}

async function takeAll(workers: readonly Chooses[], count: number): Promise<readonly (Permit | string)[]> {
  const told = await registeredOf(store, agent);
  const calls = Array.from({ length: count }, (_, index) =>
    workers[index % workers.length]?.permits.take(told, `call ${index}`),
  );
  return (await Promise.all(calls)).map((taken) => taken ?? 'nobody');
}

test('of twenty calls at once over two workers a half-open breaker lets one through; its success closes it for all', async () => {
  const workers = await openHalfOpen();
  expect(await conditionOf(store, 'agent')).toMatchObject({ broken: false, halfOpen: true });
  const taken = await takeAll(workers, 20);
  expect(taken.filter((answer) => answer === 'tried')).toHaveLength(19);
  expect((await conditionOf(store, 'agent')).broken).toBe(true);
  await taken.find(isPermit)?.judge(true);
  expect(await conditionOf(store, 'agent')).toMatchObject({ broken: false, halfOpen: false });
  expect((await takeAll(workers, 20)).every(isPermit)).toBe(true);
  expect(await changesOf()).toEqual(['agent.broken', 'agent.mended']);
  for (const worker of workers) await worker[Symbol.asyncDispose]();
});

test('a failed trial opens the breaker again, for twice as long; who was told that it is half open learns it too', async () => {
  const workers = await openHalfOpen();
  const told = await registeredOf(store, agent);
  await (await takeAll(workers, 20)).find(isPermit)?.judge(false);
  expect(await conditionOf(store, 'agent')).toMatchObject({ broken: true });
  const openMs = (await store.redis.pttl(store.keys.agentBreaker('agent'))) - limits.breakerHalfOpenMs;
  expect(openMs / defaults.breakerOpenMs).toBeCloseTo(2, 1);
  expect(await changesOf()).toEqual(['agent.broken', 'agent.broken']);
  expect(await workers[0].permits.take(told, 'late')).toBe('broken');
  for (const worker of workers) await worker[Symbol.asyncDispose]();
});

test('a trial that says nothing of the agent leaves the next one to others', async () => {
  const workers = await openHalfOpen();
  await (await takeAll(workers, 2)).find(isPermit)?.[Symbol.asyncDispose]();
  expect((await takeAll(workers, 4)).filter(isPermit)).toHaveLength(1);
  for (const worker of workers) await worker[Symbol.asyncDispose]();
});

test('the trial of a worker that has died lapses, while that of a living one lasts', async () => {
  const [dying, living] = await openHalfOpen({ leaseMs: 300 });
  const trial = store.keys.agentTrial('agent');
  expect((await takeAll([dying], 1)).filter(isPermit)).toHaveLength(1);
  await dying[Symbol.asyncDispose](); // nobody renews what it holds
  await eventually(async () => ((await store.redis.exists(trial)) === 0 ? true : undefined), 2_000);
  expect((await takeAll([living], 1)).filter(isPermit)).toHaveLength(1);
  let renewed = 0;
  let before = await store.redis.pttl(trial);
  await eventually(async () => {
    const left = await store.redis.pttl(trial);
    if (left > before) renewed += 1;
    before = left;
    return renewed > 4 ? true : undefined; // longer than the lease
  }, 3_000);
  await living[Symbol.asyncDispose]();
});

test('calls that began before the breaker opened change nothing of it when they end', async () => {
  const workers = await openHalfOpen();
  await workers[0].tell(agent, undefined, undefined);
  expect(await conditionOf(store, 'agent')).toMatchObject({ halfOpen: true });
  await workers[0].tell(agent, 'agent_failed');
  expect(await conditionOf(store, 'agent')).toMatchObject({ halfOpen: true });
  for (const worker of workers) await worker[Symbol.asyncDispose]();
});

test("a worker's own breaker needs a success of its own after its time", async () => {
  await using one = openChooses(store, { openMs: 200 });
  await one.tell(agent, ...failures(defaults.breakerFailures));
  await passBreakerTime(store, 'agent', limits.breakerHalfOpenMs);
  await eventually(() => (one.breakers.stateOf('agent') === 'half_open' ? true : undefined), 2_000);
  const [trial, second] = await takeAll([one], 2);
  expect([trial, second].filter((taken) => taken === 'tried')).toHaveLength(1);
  const permit = [trial, second].find((taken) => taken !== undefined && isPermit(taken));
  await (permit as Permit).judge(true); // found above
  await one.tell(agent, undefined);
  await eventually(() => (one.breakers.stateOf('agent') === 'closed' ? true : undefined), 2_000);
  expect((await takeAll([one], 5)).every(isPermit)).toBe(true);
});
