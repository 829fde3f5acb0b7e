import type { SubTask } from '../contracts/plan.ts';
import type { TaskResult } from '../contracts/result.ts';
import type { Stop } from '../contracts/run.ts';

/** A task that may end its run: `failsRun` when a dependent wants it to. */
type Owner = { readonly task: Pick<SubTask, 'task_id' | 'on_dependency_failure'>; readonly failsRun: boolean };

/** Why a run cannot go on without this result: a dependent of its task says so, or the task says so of its own dependencies. */
export function stopAfter({ task, failsRun }: Owner, { status, error }: TaskResult): Stop | undefined {
  if (status === 'completed') return undefined;
  if (error?.code === 'late') return undefined; // a join went on without it: nothing that still waits needs it
  const isBlocked = task.on_dependency_failure === 'fail' && error?.code === 'dependency_failed';
  if (!failsRun && !isBlocked) return undefined;
  const message = `The run cannot go on without ${task.task_id}, which ${status === 'failed' ? 'failed' : 'was skipped'}`;
  return { as: 'failed', code: 'dependency_failed', message: `${message}: ${error?.message ?? 'no reason recorded'}` };
}
