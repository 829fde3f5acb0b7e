import type { Plan, SubTask } from '../contracts/plan.ts';
import type { TemplateParameters } from '../contracts/template.ts';

/** An agent that a plan's tasks call for: the template it is made from, with what values, and how long it has. */
export type Need = {
  readonly task_id: string;
  readonly template: 'research_specialist' | 'analysis_specialist';
  readonly parameters: TemplateParameters;
  readonly timeoutMs: number;
};

/** The seed's time limits where a task names none. */
const RESEARCH_MS = 600_000;
const ANALYSIS_MS = 400_000;
/** Above so many specialists somebody has to see how their work fits together (the seed's rule). */
const UNCOORDINATED = 2;
const COORDINATOR = 'coordinator';

/**
 * Which specialists the tasks of a plan need (the seed's `_analyze_agent_requirements`): hard research a comprehensive one, analysis
 * a statistical one at 0.95, anything else none. A task's type is its capability. Whoever does a task already is not replaced.
 */
export function needsOf({ sub_tasks }: Plan): readonly Need[] {
  return sub_tasks.filter(isOpen).flatMap((task): readonly Need[] => {
    if (task.required_capability === 'search' && task.complexity === 'high') return [researchNeed(task)];
    return task.required_capability === 'data_analysis' ? [analysisNeed(task)] : [];
  });
}

function isOpen({ kind, agent, template }: SubTask): boolean {
  return kind === 'agent' && agent === undefined && template === undefined;
}

function researchNeed({ task_id, domain = 'general', timeout_ms: timeoutMs = RESEARCH_MS }: SubTask): Need {
  const parameters = { research_focus: domain, depth_level: 'comprehensive', ...target(timeoutMs) };
  return { task_id, template: 'research_specialist', parameters, timeoutMs };
}

function analysisNeed({ task_id, input_data, timeout_ms: timeoutMs = ANALYSIS_MS }: SubTask): Need {
  const { analysis_type, confidence } = input_data;
  const framework =
    typeof analysis_type === 'string' && analysis_type.trim() !== '' ? analysis_type.slice(0, 200) : 'statistical';
  const level = typeof confidence === 'number' && confidence >= 0.5 && confidence <= 0.9999 ? confidence : 0.95;
  const parameters = { analysis_framework: framework, confidence_intervals: level, ...target(timeoutMs) };
  return { task_id, template: 'analysis_specialist', parameters, timeoutMs };
}

function target(timeoutMs: number): { response_time_target: number } {
  return { response_time_target: Math.max(1, timeoutMs / 1_000) };
}

/**
 * The plan with an agent made for each need, and above two of them a coordinator of their work. One that cannot be made fails its
 * own task; the rest goes on. Applying it again changes nothing.
 */
export function staffed(plan: Plan): Plan {
  const needs = new Map(needsOf(plan).map((need) => [need.task_id, need]));
  if (needs.size === 0) return plan;
  const tasks = plan.sub_tasks.map((task) => {
    const need = needs.get(task.task_id);
    return need === undefined ? task : withSpecialist(task, need);
  });
  return {
    ...plan,
    sub_tasks: needs.size > UNCOORDINATED ? [...tasks, coordinatorOf(plan, [...needs.keys()])] : tasks,
  };
}

function withSpecialist(task: SubTask, { template: id, parameters, timeoutMs }: Need): SubTask {
  return { ...task, template: { id, parameters }, timeout_ms: timeoutMs };
}

function coordinatorOf({ sub_tasks }: Plan, specialists: readonly string[]): SubTask {
  const taken = new Set(sub_tasks.map(({ task_id }) => task_id));
  let id = COORDINATOR;
  for (let count = 2; taken.has(id); count += 1) id = `${COORDINATOR}-${count}`;
  return {
    task_id: id,
    description:
      'Coordinate the specialists: say how their results fit together, what contradicts itself, and what is missing.',
    required_capability: 'custom',
    input_data: { agent_count: specialists.length, coordination_complexity: 'high' },
    depends_on: [...specialists],
    kind: 'agent',
    after: [],
    on_dependency_failure: 'partial',
    optional: true,
    template: { id: 'coordinator', parameters: {} },
  };
}
