import { Capability } from '../contracts/agent.ts';
import { limits } from '../contracts/limits.ts';
import type { Plan, SubTask } from '../contracts/plan.ts';
import type { Mode, ModeDecision } from '../contracts/run-options.ts';
import { graphOf, levelsOf } from './graph.ts';
import { laneEdgesOf } from './lanes.ts';
import { ancestorsOf, isNoWiderThan } from './reach.ts';

/** The seed's thresholds, each to be exceeded. */
const thresholds = { interdependency: 0.6, complexity: 0.8, freeCapacity: 0.7 } as const;

/** What counts as all of it, when a plan's complexity is measured. */
const full = { tasks: 20, characters: 64_000 } as const;

const lanesOfMode = {
  dag: null,
  sequential: 1,
  parallel: limits.parallelLanes,
  adaptive: limits.adaptiveLanes,
} as const satisfies Record<ModeDecision['mode'], number | null>;

/** What a mode is decided from. `freeCapacity`: share of the agents' worker slots that are idle, 0 to 1. */
export type ModeQuestion = { readonly plan: Plan; readonly asked: Mode; readonly freeCapacity: number };

/** The mode of a plan, with what it was decided from; null for the plain DAG. */
export function decideMode({ plan, asked, freeCapacity }: ModeQuestion): ModeDecision | null {
  if (asked === 'dag') return null;
  const measured = { interdependency: interdependencyOf(plan), complexity: complexityOf(plan), freeCapacity };
  const mode = asked === 'auto' ? modeFor(measured) : asked;
  const { interdependency, complexity } = measured;
  return { asked, mode, lanes: lanesOfMode[mode], complexity, interdependency, free_capacity: freeCapacity };
}

type Measured = Readonly<Record<keyof typeof thresholds, number>>;

/** The seed's rule; but a plan that is nearly one chain is sequential however complex it is: more lanes would stay empty. */
function modeFor(measured: Measured): 'sequential' | 'parallel' | 'adaptive' {
  const exceeds = (figure: keyof Measured): boolean => measured[figure] > thresholds[figure];
  if (exceeds('interdependency')) return 'sequential';
  return exceeds('complexity') && exceeds('freeCapacity') ? 'parallel' : 'adaptive';
}

/**
 * How much of a plan stands one behind the other: edges on its longest chain, as a share of the most there could be. 0 when all
 * tasks may run at once, 1 when only one ever can: it bounds what running more at once could gain.
 */
export function interdependencyOf(plan: Plan): number {
  const longest = Math.max(...levelsOf(graphOf(plan)).values());
  return plan.sub_tasks.length < 2 ? 0 : longest / (plan.sub_tasks.length - 1);
}

/**
 * How much there is to do, from 0 to 1: the number of tasks, of kinds of agents, of characters to read, joined as chances are
 * (1 - the product of what each leaves open), since a plan is much work by any one of them, and more by several.
 */
export function complexityOf({ sub_tasks }: Plan): number {
  const kinds = new Set(sub_tasks.map((task) => task.required_capability)).size;
  const characters = sub_tasks.reduce((sum, task) => sum + charactersOf(task), 0);
  const shares = [
    sub_tasks.length / full.tasks,
    (kinds - 1) / (Capability.options.length - 1),
    characters / full.characters,
  ];
  return 1 - shares.reduce((left, share) => left * (1 - Math.min(1, share)), 1);
}

function charactersOf({ description, input_data }: SubTask): number {
  return description.length + JSON.stringify(input_data).length;
}

/**
 * The plan with ordering edges that let no more than the decision's lanes run at once. A plan that is narrow enough stays as it is,
 * so doing this twice adds nothing. A lane is taken until its task has settled, questions to humans included; a map task counts as
 * one, whatever its children; a join that went on early may overlap its own late branches.
 */
export function applyMode(plan: Plan, decision: ModeDecision | null): Plan {
  if (decision === null || decision.lanes === null) return plan;
  const graph = graphOf(plan);
  if (isNoWiderThan(decision.lanes, ancestorsOf(graph))) return plan;
  const added = laneEdgesOf(graph, decision.lanes);
  return { ...plan, sub_tasks: plan.sub_tasks.map((task) => comesAfter(task, added.get(task.task_id))) };
}

function comesAfter(task: SubTask, other: string | undefined): SubTask {
  return other === undefined ? task : { ...task, after: [...task.after, other] };
}
