import { expect, test } from 'vitest';
import { AgentDescriptor } from '../contracts/agent.ts';
import { Plan } from '../contracts/plan.ts';
import { Template } from '../contracts/template.ts';
import { roleNames, type TeamMark, teamPlan } from './strategy-team.ts';

const plan = Plan.parse({
  sub_tasks: ['code_generation', 'text_generation', 'search'].map((required_capability, at) => ({
    ...{ task_id: `t${at + 1}`, description: 'd', required_capability },
  })),
});

const template = (id: string, capabilities: readonly string[]): Template =>
  Template.parse({ id, name: id, type: 'coding', capabilities, prompt: 'p' });
const templates = roleNames.map((id) =>
  template(id, id === 'qa' ? ['code_generation', 'custom'] : ['code_generation']),
);

const mark = (role: TeamMark['role'], rest: Partial<TeamMark> = {}): TeamMark => ({
  role,
  complexity: 'low',
  domain: '',
  ...rest,
});
const tester = AgentDescriptor.parse({
  ...{ agent_id: 'pytest', name: 'Tests', transport: 'command', command: { name: 'pytest' }, capabilities: ['custom'] },
  skills: ['tests'],
});

test('every role gets an agent from its template, with a capability that the template offers', () => {
  const team = teamPlan(plan, [mark('coder'), mark('reviewer'), mark(null)], { agents: [], templates });
  expect(team.sub_tasks).toMatchObject([
    { template: { id: 'coder' }, required_capability: 'code_generation' },
    { template: { id: 'reviewer' }, required_capability: 'code_generation' },
    { required_capability: 'search' },
  ]);
  expect(team.sub_tasks[2]?.template).toBeUndefined();
});

test('QA is the program that an operator set up for tests; without one it reads', () => {
  const marks = [mark('coder'), mark('qa'), mark(null)];
  const run = teamPlan(plan, marks, { agents: [tester], templates }).sub_tasks[1];
  expect(run).toMatchObject({ agent: 'pytest', required_capability: 'custom' });
  expect(run?.template).toBeUndefined();
  const other = AgentDescriptor.parse({ ...tester, skills: ['lint'] });
  expect(teamPlan(plan, marks, { agents: [other], templates }).sub_tasks[1]?.template).toEqual({
    id: 'qa',
    parameters: {},
  });
});

test('hard research becomes the specialist’s, whatever its role', () => {
  const marks = [mark(null), mark(null), mark('researcher', { complexity: 'high', domain: 'physics' })];
  const [, , research] = teamPlan(plan, marks, { agents: [], templates }).sub_tasks;
  expect(research?.template).toMatchObject({ id: 'research_specialist', parameters: { research_focus: 'physics' } });
});
