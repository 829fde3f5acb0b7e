import type { Fault } from '../contracts/error.ts';
import type { Plan, SubTask } from '../contracts/plan.ts';
import type { Template } from '../contracts/template.ts';
import { parameterFaults } from './template-prompt.ts';

/** Templates that one message names. */
const FEW = 20;

/** Whether some task of a plan asks for an agent from a template. */
export function asksForTemplates({ sub_tasks }: Plan): boolean {
  return sub_tasks.some(({ template }) => template !== undefined);
}

/** What is wrong with the templates that a plan's tasks ask for, each fault with its place in the plan. */
export function templateUseFaults(plan: Plan, templates: readonly Template[]): readonly Fault[] {
  return plan.sub_tasks.flatMap((task, index) =>
    useFaults(task, templates).map(({ path, message }) => ({ path: `sub_tasks[${index}].${path}`, message })),
  );
}

/** The same of one task, with paths within it. */
export function useFaults(task: SubTask, templates: readonly Template[]): readonly Fault[] {
  const { template: use, agent, required_capability: capability } = task;
  if (use === undefined) return [];
  if (agent !== undefined) {
    return [
      { path: 'template', message: `a task is pinned to an agent or has one made, not both: "${agent}" is named` },
    ];
  }
  const able = templates.filter(({ capabilities }) => capabilities.includes(capability));
  if (use.id === undefined) return anyFaults(task, able);
  const template = templates.find(({ id }) => id === use.id);
  if (template === undefined) {
    const names = templates.slice(0, FEW).map(({ id }) => id);
    return [{ path: 'template.id', message: `there is no template "${use.id}"; there are: ${names.join(', ')}` }];
  }
  if (!able.includes(template)) {
    const offered = template.capabilities.join(', ');
    return [{ path: 'template.id', message: `"${use.id}" is for ${offered}, and this task requires ${capability}` }];
  }
  return placed(parameterFaults(template, use.parameters));
}

/** Without an id, one template that can take the parameters is enough; when none can, the faults are those with the nearest one. */
function anyFaults({ template: use, required_capability }: SubTask, able: readonly Template[]): readonly Fault[] {
  if (able.length === 0) return [{ path: 'template', message: `no template is for ${required_capability}` }];
  const faults = able.map((template) => parameterFaults(template, use?.parameters ?? {}));
  return placed(faults.reduce((fewest, next) => (next.length < fewest.length ? next : fewest)));
}

function placed(faults: readonly Fault[]): readonly Fault[] {
  return faults.map(({ path, message }) => ({ path: `template.parameters.${path}`, message }));
}
