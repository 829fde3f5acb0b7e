import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StreamEvent } from '../../src/contracts/event.ts';
import { defaults } from '../../src/contracts/limits.ts';
import { loadBudget } from '../../src/journal/load-budget.ts';
import { seen } from '../support/agents/scripted.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf, type TaskSketch } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine();
});

afterAll(() => engine[Symbol.asyncDispose]());

const callsOf = (run: string) => seen.calls.filter(({ key }) => key.startsWith(run)).map(({ task }) => task);
const hitsOf = (events: readonly StreamEvent[]) =>
  events.flatMap((event) => (event.name === 'cache.hit' ? [`${event.task_id} ${event.detail.from}`] : []));

/** A chain of two tasks whose inputs are this test's own. */
const chain = (own: string, rest: TaskSketch = {}) =>
  planOf({ a: { input_data: { own, words: ['one ', own] }, ...rest }, b: { after: ['a'], input_data: { own } } });

/** Results are filed beside the run's own way. */
const filed = (count: number) =>
  eventually(async () =>
    (await engine.opened.store.redis.hlen(engine.opened.store.keys.cachedResults)) >= count ? true : undefined,
  );

test('an equal call is not made again: its result is said, costs nothing, and says where it is from', async () => {
  const first = await engine.runToEnd(chain('first'), { cache: true });
  await filed(2);
  const again = await engine.runToEnd(chain('first'), { cache: true, budget: { max_tokens: 10_000 } });
  expect([callsOf(first.run), callsOf(again.run)]).toEqual([['a', 'b'], []]);
  expect(hitsOf(again.events)).toEqual([`a ${first.run}.a`, `b ${first.run}.b`]);
  const [before, after] = [first.results.get('a'), again.results.get('a')];
  expect(after).toMatchObject({ response: before?.response, agent_id: before?.agent_id, cost: 0 });
  expect(after?.usage?.total_tokens).toBe(0);
  // The answer's own call is all that is paid: its model does not say what it used.
  expect((await loadBudget(engine.opened.store, again.run))?.spent.tokens).toBe(defaults.reserveTokens);
});

test('another input, or another text of a dependency, is another call', async () => {
  const before = await engine.opened.store.redis.hlen(engine.opened.store.keys.cachedResults);
  await engine.runToEnd(chain('second'), { cache: true });
  await filed(before + 2);
  const other = await engine.runToEnd(chain('second', { input_data: { own: 'second', words: ['two ', 'second'] } }), {
    cache: true,
  });
  expect(callsOf(other.run)).toEqual(['a', 'b']);
});

test('it is off unless the run or the task asks for it', async () => {
  const before = await engine.opened.store.redis.hlen(engine.opened.store.keys.cachedResults);
  await engine.runToEnd(chain('third', { cache: true }));
  await filed(before + 1);
  const off = await engine.runToEnd(chain('third'));
  expect(callsOf(off.run)).toEqual(['a', 'b']);
  const kept = await engine.runToEnd(chain('third', { cache: false }), { cache: true });
  expect(callsOf(kept.run)).toEqual(['a', 'b']);
  const own = await engine.runToEnd(chain('third', { cache: true }));
  expect(callsOf(own.run)).toEqual(['b']);
});

test('what failed is not filed', async () => {
  const failing = planOf({ a: { retries: 0, input_data: { own: 'fourth', fail: true } }, b: {} });
  for (const _ of [1, 2]) {
    const { run, results } = await engine.runToEnd(failing, { cache: true });
    expect([callsOf(run).includes('a'), results.get('a')?.status]).toEqual([true, 'failed']);
  }
});
