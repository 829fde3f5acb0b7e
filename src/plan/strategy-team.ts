import type { AgentDescriptor, Capability } from '../contracts/agent.ts';
import type { Plan, SubTask } from '../contracts/plan.ts';
import type { Template } from '../contracts/template.ts';
import { staffed } from './needs.ts';

/** The seed's roles, as the ids of their templates. */
export const roleNames = ['planner', 'researcher', 'coder', 'qa', 'reviewer', 'documenter'] as const;
export type RoleName = (typeof roleNames)[number];

/** What a task of a team is beside what any task is. */
export type TeamMark = {
  readonly role: RoleName | null;
  readonly complexity: NonNullable<SubTask['complexity']>;
  readonly domain: string;
};

/** Who could be in a team. */
export type Staff = { readonly agents: readonly AgentDescriptor[]; readonly templates: readonly Template[] };

/**
 * The plan with an agent for what is hard, and for every role: specialists by the needs of its tasks, the other roles from their
 * templates, and QA by a program that runs tests where an operator has set one up.
 */
export function teamPlan(plan: Plan, marks: readonly TeamMark[], staff: Staff): Plan {
  const marked = plan.sub_tasks.map((task, at) => withMark(task, marks[at]));
  const tested = marked.map((task, at) => (marks[at]?.role === 'qa' ? withTester(task, staff.agents) : task));
  const team = staffed({ ...plan, sub_tasks: tested });
  return {
    ...team,
    sub_tasks: team.sub_tasks.map((task, at) => withRole(task, marks[at]?.role ?? null, staff.templates)),
  };
}

function withMark(task: SubTask, mark: TeamMark | undefined): SubTask {
  if (mark === undefined) return task;
  const domain = mark.domain.trim().slice(0, 200);
  return { ...task, complexity: mark.complexity, ...(domain !== '' && { domain }) };
}

const testing: ReadonlySet<string> = new Set(['qa', 'test', 'tests', 'testing']);

/** A program that an operator set up for tests runs them; nobody else can. */
function withTester(task: SubTask, agents: readonly AgentDescriptor[]): SubTask {
  const runs = ({ transport, skills }: AgentDescriptor): boolean =>
    transport === 'command' && skills.some((skill) => testing.has(skill.toLowerCase()));
  const tester = agents.find(runs);
  if (tester === undefined) return task;
  const { domain: _, ...rest } = task;
  return { ...rest, agent: tester.agent_id, required_capability: offered(tester.capabilities, task) };
}

function withRole(task: SubTask, role: RoleName | null, templates: readonly Template[]): SubTask {
  const template = templates.find(({ id }) => id === role);
  if (template === undefined || task.template !== undefined || task.agent !== undefined) return task;
  const { domain: _, ...rest } = task;
  const use = { id: template.id, parameters: {} };
  return { ...rest, template: use, required_capability: offered(template.capabilities, task) };
}

function offered(capabilities: readonly Capability[], { required_capability }: SubTask): Capability {
  return capabilities.includes(required_capability) ? required_capability : (capabilities[0] ?? 'custom');
}
