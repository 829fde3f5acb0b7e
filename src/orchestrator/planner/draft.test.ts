import { expect, test } from 'vitest';
import { AgentDescriptor } from '../../contracts/agent.ts';
import { type PlanDraft, toPlan } from './draft.ts';

const coder = AgentDescriptor.parse({
  agent_id: 'coder',
  name: 'Coder',
  endpoint: 'http://127.0.0.1:1',
  capabilities: ['code_generation'],
  payload_schema: {
    required_fields: { query: 'string', language: 'string' },
    optional_fields: { lines: 'integer', imports: 'array' },
  },
});

type Task = PlanDraft['sub_tasks'][number];

function task(task_id: string, rest: Partial<Task> = {}): Task {
  return {
    task_id,
    description: `do ${task_id}`,
    required_capability: 'search',
    input_data: [],
    depends_on: [],
    ...rest,
  };
}

function convert(sub_tasks: readonly Task[], agents: readonly AgentDescriptor[] = []) {
  return toPlan({ reasoning: 'because', sub_tasks: [...sub_tasks] }, { planId: 'p1', query: 'the query', agents });
}

function planOf(sub_tasks: readonly Task[], agents?: readonly AgentDescriptor[]) {
  const drafted = convert(sub_tasks, agents);
  if (!drafted.ok) throw new Error(JSON.stringify(drafted.faults));
  return drafted.plan;
}

function faultsOf(sub_tasks: readonly Task[], agents?: readonly AgentDescriptor[]): readonly string[] {
  const drafted = convert(sub_tasks, agents);
  return drafted.ok ? [] : drafted.faults.map(({ path, message }) => `${path}: ${message}`);
}

test('tasks are renamed t1..tn in their order, and their dependencies with them', () => {
  const plan = planOf([
    task('look'),
    task('write', { depends_on: ['look'] }),
    task('sum', { depends_on: ['write', 'look'] }),
  ]);
  expect(plan).toMatchObject({ plan_id: 'p1', original_query: 'the query', reasoning: 'because' });
  expect(plan.sub_tasks.map((each) => [each.task_id, each.depends_on])).toEqual([
    ['t1', []],
    ['t2', ['t1']],
    ['t3', ['t2', 't1']],
  ]);
});

test('ids that are swapped end up with whom they meant', () => {
  const plan = planOf([task('t2'), task('t1', { depends_on: ['t2'] })]);
  expect(plan.sub_tasks.map((each) => [each.task_id, each.depends_on])).toEqual([
    ['t1', []],
    ['t2', ['t1']],
  ]);
});

test('an id that names no task stays, so that validation can name it', () => {
  expect(planOf([task('a', { depends_on: ['nobody'] })]).sub_tasks[0]?.depends_on).toEqual(['nobody']);
});

test('an unknown id that looks like a new name is a fault, not a dependency nobody meant', () => {
  expect(faultsOf([task('a', { depends_on: ['t2'] }), task('b')])).toEqual([
    'sub_tasks[0].depends_on: "t2" is the id of no sub-task',
  ]);
});

test('an id given twice is a fault: a dependency on it would be a guess', () => {
  expect(faultsOf([task('a'), task('a'), task('b', { depends_on: ['a'] })])).toEqual([
    'sub_tasks[1].task_id: "a" is the id of an earlier task too',
  ]);
});

test.each(['__proto__', 'constructor', 'toString'])('a task may be named %s without harm', (name) => {
  const plan = planOf([task(name), task('b', { depends_on: [name] })]);
  expect(plan.sub_tasks[1]?.depends_on).toEqual(['t1']);
});

test('a dependency on __proto__ that names no task is a fault', () => {
  expect(faultsOf([task('a', { depends_on: ['__proto__'] })])[0]).toMatch(/^sub_tasks\[0\]\.depends_on\[0\]: /);
});

test('an empty plan and one of more than 500 tasks are faults', () => {
  expect(faultsOf([])[0]).toMatch(/^sub_tasks: /);
  expect(faultsOf(Array.from({ length: 501 }, (_, index) => task(`x${index}`)))[0]).toMatch(/^sub_tasks: /);
});

test('control characters leave and texts of a million characters are cut', () => {
  const plan = planOf([task('a', { description: `ring\u0007 the\u0000 bell\n${'x'.repeat(1_000_000)}` })]);
  expect(plan.sub_tasks[0]?.description).toMatch(/^ring the bell\nx/);
  expect(plan.sub_tasks[0]?.description.length).toBeLessThanOrEqual(16_000);
});

test('named values become input_data, in the types the agent names', () => {
  const input_data = [
    { name: 'query', value: 'sort' },
    { name: 'language', value: 'rust' },
    { name: 'lines', value: '40' },
    { name: 'imports', value: '["std"]' },
  ];
  const plan = planOf([task('a', { required_capability: 'code_generation', input_data })], [coder]);
  expect(plan.sub_tasks[0]?.input_data).toEqual({ query: 'sort', language: 'rust', lines: 40, imports: ['std'] });
});

test('text for a string field stays text, whatever it looks like', () => {
  const input_data = [
    { name: 'query', value: '42' },
    { name: 'language', value: 'true' },
  ];
  const plan = planOf([task('a', { required_capability: 'code_generation', input_data })], [coder]);
  expect(plan.sub_tasks[0]?.input_data).toEqual({ query: '42', language: 'true' });
});

test('required fields that are missing for every agent of the capability are a fault that names them', () => {
  const input_data = [{ name: 'query', value: 'sort' }];
  expect(faultsOf([task('a', { required_capability: 'code_generation', input_data })], [coder])).toEqual([
    'sub_tasks[0].input_data: the agents of this capability require: language',
  ]);
});

test('a capability that no agent offers is no fault of the plan: the rest can run', () => {
  expect(planOf([task('a', { required_capability: 'custom' })], [coder]).sub_tasks).toHaveLength(1);
});

test.each(['__proto__', 'has space', '', 'x'.repeat(65)])('"%s" is no name of an input field', (name) => {
  expect(faultsOf([task('a', { input_data: [{ name, value: 1 }] })])[0]).toMatch(
    /^sub_tasks\[0\]\.input_data: .* no field name/,
  );
});
