import type { AgentDescriptor } from '../contracts/agent.ts';
import type { AgentPayload, DependencyContext } from '../contracts/payload.ts';
import type { SubTask } from '../contracts/plan.ts';

export type PayloadSource = Readonly<{
  task: SubTask;
  agent: AgentDescriptor;
  /** Outcomes by task id; a dependency that is not in it counts as missing. */
  dependencies: ReadonlyMap<string, DependencyContext>;
  /** Values of the run's shared state that the task names. */
  state?: Readonly<Record<string, unknown>> | undefined;
}>;

/**
 * The body an agent receives: input_data, then baton's own fields, which input_data cannot replace. Each dependency is
 * in `context` with its text or in `failed_context` with what happened to it, never both, never neither (mission A4).
 */
export function toPayload({ task, agent, dependencies, state }: PayloadSource): AgentPayload {
  const { max_tokens: _, ...input } = task.input_data;
  const told = [...new Set(task.depends_on)].map((id) => ({ id, ...outcomeOf(dependencies.get(id)) }));
  return {
    ...input,
    task_id: task.task_id,
    description: task.description,
    context: Object.fromEntries(told.flatMap(({ id, text }) => (text === null ? [] : [[id, text]]))),
    failed_context: Object.fromEntries(told.flatMap(({ id, error }) => (error === null ? [] : [[id, error]]))),
    ...(agent.max_tokens === null ? {} : { max_tokens: agent.max_tokens }),
    ...(state === undefined ? {} : { state }),
  };
}

type Told = Readonly<{ text: string; error: null } | { text: null; error: string }>;

function outcomeOf(dependency: DependencyContext | undefined): Told {
  if (dependency === undefined) return { text: null, error: 'missing: there is no result of this task' };
  if (dependency.status === 'completed' && dependency.response !== null) {
    return { text: dependency.response, error: null };
  }
  const status = dependency.status === 'completed' ? 'missing' : dependency.status;
  return { text: null, error: `${status}: ${dependency.error || 'no reason was recorded'}` };
}
