import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seen } from '../support/agents/scripted.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine({ concurrency: 1 });
});

afterAll(() => engine[Symbol.asyncDispose]());

test('what is urgent is taken first, and a run that has begun before one that has not', async () => {
  const holding = once(seen.events, 'call');
  const first = await engine.submit(planOf({ hold: { input_data: { hold: true } } }));
  await holding;
  const low = await engine.submit(planOf({ low: {} }), { priority: 'low' });
  const normal = await engine.submit(planOf({ n1: {}, n2: { after: ['n1'] } }));
  const mixed = await engine.submit(planOf({ n3: {}, urgent: { priority: 'high' } }));
  const high = await engine.submit(planOf({ h1: {}, h2: { after: ['h1'] } }), { priority: 'high' });
  const queue = engine.opened.flow.queue('cap-custom');
  await eventually(async () => ((await queue.getPrioritizedCount()) === 5 ? true : undefined));
  seen.events.emit('release');
  await Promise.all([first, low, normal, mixed, high].map((run) => engine.ended(run)));
  const order = seen.calls.map(({ task }) => task).slice(1);
  expect(order.slice(0, 3).toSorted()).toEqual(['h1', 'h2', 'urgent']);
  expect(order.indexOf('h2')).toBeLessThan(3);
  expect(order.indexOf('n2')).toBeLessThan(order.indexOf('n3'));
  expect(order.at(-1)).toBe('low');
});
