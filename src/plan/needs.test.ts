import { expect, test } from 'vitest';
import { Plan } from '../contracts/plan.ts';
import { needsOf, staffed } from './needs.ts';
import { validatePlan } from './validate.ts';

const plan = (...tasks: readonly object[]): Plan =>
  Plan.parse({
    sub_tasks: tasks.map((task, at) => ({
      task_id: `t${at + 1}`,
      description: 'd',
      required_capability: 'search',
      ...task,
    })),
  });

const research = { complexity: 'high' };
const analysis = { required_capability: 'data_analysis' };

test('hard research needs a comprehensive specialist of its domain, for 600 s unless the task has a limit of its own', () => {
  expect(needsOf(plan(research, { ...research, domain: 'biology', timeout_ms: 90_000 }))).toEqual([
    {
      task_id: 't1',
      template: 'research_specialist',
      parameters: { research_focus: 'general', depth_level: 'comprehensive', response_time_target: 600 },
      timeoutMs: 600_000,
    },
    {
      task_id: 't2',
      template: 'research_specialist',
      parameters: { research_focus: 'biology', depth_level: 'comprehensive', response_time_target: 90 },
      timeoutMs: 90_000,
    },
  ]);
});

test('analysis needs a statistical specialist at 0.95 for 400 s, or what its input says', () => {
  const asked = { ...analysis, input_data: { analysis_type: 'bayesian', confidence: 0.9 } };
  const wrong = { ...analysis, input_data: { analysis_type: 7, confidence: 2 } };
  expect(
    needsOf(plan(analysis, asked, wrong)).map(({ parameters, timeoutMs }) => ({ ...parameters, timeoutMs })),
  ).toEqual([
    { analysis_framework: 'statistical', confidence_intervals: 0.95, response_time_target: 400, timeoutMs: 400_000 },
    { analysis_framework: 'bayesian', confidence_intervals: 0.9, response_time_target: 400, timeoutMs: 400_000 },
    { analysis_framework: 'statistical', confidence_intervals: 0.95, response_time_target: 400, timeoutMs: 400_000 },
  ]);
});

test('easy research, other work, and work that somebody does already need nobody', () => {
  const tasks = [{}, { complexity: 'medium' }, { required_capability: 'text_generation', complexity: 'high' }];
  const taken = [
    { ...research, agent: 'searcher' },
    { ...analysis, template: { id: 'analysis_specialist' } },
  ];
  expect(needsOf(plan(...tasks, ...taken))).toEqual([]);
  expect(staffed(plan(...tasks))).toEqual(plan(...tasks));
});

test('above two specialists there is a coordinator of their results, which may fail without harm', () => {
  expect(staffed(plan(research, analysis)).sub_tasks).toHaveLength(2);
  const team = staffed(plan(research, analysis, analysis, {}));
  expect(team.sub_tasks.at(-1)).toMatchObject({
    task_id: 'coordinator',
    template: { id: 'coordinator' },
    depends_on: ['t1', 't2', 't3'],
    on_dependency_failure: 'partial',
    optional: true,
    input_data: { agent_count: 3, coordination_complexity: 'high' },
  });
  expect(validatePlan(team)).toEqual([]);
  expect(Plan.parse(team)).toEqual(team);
  const named = staffed(plan({ ...research, task_id: 'coordinator' }, analysis, analysis));
  expect(named.sub_tasks.at(-1)?.task_id).toBe('coordinator-2');
});

test('staffing a plan again changes nothing', () => {
  const team = staffed(plan(research, analysis, analysis));
  expect(staffed(team)).toEqual(team);
});
