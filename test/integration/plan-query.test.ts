import { expect, test } from 'vitest';
import { planQuery } from '../../src/orchestrator/planner/plan-query.ts';
import { validatePlan } from '../../src/plan/validate.ts';
import { type ModelAnswer, openScriptedModel, refuse, say, usage } from '../support/scripted-model.ts';

const never = new AbortController().signal;

type Sketch = { readonly id: string; readonly after?: readonly string[]; readonly capability?: string };

function draft(...tasks: readonly Sketch[]): ModelAnswer {
  const sub_tasks = tasks.map(({ id, after = [], capability = 'search' }) => ({
    task_id: id,
    description: `do ${id}`,
    required_capability: capability,
    input_data: [],
    depends_on: after,
  }));
  return say(JSON.stringify({ reasoning: 'because', sub_tasks }));
}

async function plan(answers: readonly ModelAnswer[]) {
  await using server = await openScriptedModel(answers);
  const options = {
    model: server.model,
    agents: [],
    query: 'the query',
    planId: 'p1',
    signal: never,
    validate: validatePlan,
  };
  const outcome = await planQuery(options).catch((error: unknown) => ({ error }));
  return { outcome, asked: server.asked() };
}

test('a good plan takes one call of the model', async () => {
  const { outcome, asked } = await plan([draft({ id: 'a' }, { id: 'b', after: ['a'] })]);
  expect(outcome).toMatchObject({
    plan: {
      plan_id: 'p1',
      original_query: 'the query',
      sub_tasks: [{ task_id: 't1' }, { task_id: 't2', depends_on: ['t1'] }],
    },
    usage,
  });
  expect(asked).toHaveLength(1);
});

test.each<[string, ModelAnswer, string]>([
  ['no JSON', say('I think we should'), 'not valid JSON'],
  ['another schema', say('{"tasks":[]}'), 'sub_tasks'],
  ['an unknown capability', draft({ id: 'a', capability: 'telepathy' }), 'required_capability'],
  ['a cut plan', say('{"reasoning":', { finish_reason: 'length' }), 'cut off'],
  ['an empty answer', say(''), 'empty'],
  ['a refusal', say(null, { refusal: 'I will not plan this.' }), 'I will not plan this.'],
  ['a plan without tasks', draft(), 'sub_tasks'],
  ['a cycle', draft({ id: 'a', after: ['b'] }, { id: 'b', after: ['a'] }), 'cycle'],
  ['a task that depends on itself', draft({ id: 'a', after: ['a'] }), 'depends on itself'],
  ['a dependency on nobody', draft({ id: 'a', after: ['nobody'] }), 'nobody'],
  ['an id given twice', draft({ id: 'a' }, { id: 'a' }), 'earlier task'],
  ['a dependency on __proto__', draft({ id: 'a', after: ['__proto__'] }), 'depends_on'],
  ['501 tasks', draft(...Array.from({ length: 501 }, (_, index) => ({ id: `x${index}` }))), 'sub_tasks'],
])('%s is repaired once, with the complaint shown to the model', async (_, faulty, complaint) => {
  const { outcome, asked } = await plan([faulty, draft({ id: 'a' })]);
  expect(outcome).toMatchObject({
    plan: { sub_tasks: [{ task_id: 't1' }] },
    usage: { prompt_tokens: 18, completion_tokens: 8, total_tokens: 26 },
  });
  expect(asked).toHaveLength(2);
  const turns = asked[1]?.messages as readonly { role: string; content: string }[];
  expect(turns.map((turn) => turn.role)).toEqual(['system', 'user', 'assistant', 'user']);
  expect(turns.at(-1)?.content).toContain(complaint);
});

test('a second faulty plan fails with its faults, in words and as a list, after exactly two calls', async () => {
  const circle = draft({ id: 'a', after: ['b'] }, { id: 'b', after: ['a'] });
  const { outcome, asked } = await plan([circle]);
  expect(outcome).toEqual({
    error: expect.objectContaining({
      name: 'BatonError',
      code: 'planning_failed',
      message: expect.stringMatching(/sub_tasks: .*cycle.*t1, t2/),
      faults: [{ path: 'sub_tasks', message: expect.stringContaining('cycle') }],
    }),
  });
  expect(asked).toHaveLength(2);
});

test('a refusal that stays one is shown', async () => {
  const { outcome } = await plan([say(null, { refusal: 'I will not plan this.' })]);
  expect(outcome).toMatchObject({
    error: { code: 'planning_failed', message: expect.stringContaining('I will not plan this.') },
  });
});

test('a model that does not answer is no fault of the plan', async () => {
  const { outcome, asked } = await plan([refuse(500, 'down')]);
  expect(outcome).toMatchObject({ error: { code: 'model_unavailable' } });
  expect(asked).toHaveLength(1);
});
