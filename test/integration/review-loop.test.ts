import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine({ agents: [fileURLToPath(new URL('../support/agents/panel.ts', import.meta.url))] });
});

afterAll(() => engine[Symbol.asyncDispose]());

const bad = { acceptable: false, score: 0.3, feedback: 'say more' };

test('the same text with the same feedback ends a review early, and it escalates with the reason', async () => {
  const plan = planOf({
    w: { capability: 'text_generation', agent: 'strong' }, // always gives the same
    r: {
      ...{ after: ['w'], kind: 'review', capability: 'data_analysis', review: { max_revisions: 9 } },
      input_data: { verdicts: [bad], input_key: 'loop' },
    },
  });
  const { results, events } = await engine.runToEnd(plan);
  const scores = events.flatMap((event) => (event.name === 'review.scored' ? [event.detail] : []));
  expect(scores.map(({ outcome }) => outcome)).toEqual(['needs_revision', 'escalated']);
  expect(scores.at(-1)?.reason).toMatch(/^loop_detected: /);
  expect(results.get('r')).toMatchObject({ status: 'completed', response: 'done well' });
  expect(results.get('r')?.warning).toMatch(/^loop_detected: /);
});
