import type { AgentDescriptor } from '../contracts/agent.ts';

/** What tells whose agents a task may have: its run, its id, and whether it asks for an agent of its own. */
export type Owner = {
  readonly run_id?: string | undefined;
  readonly task_id?: string | undefined;
  readonly template?: object | undefined;
};

/**
 * Why an agent may not serve a task for which it was not made: a spawned one belongs to one run, or to one task of it, and a task that
 * asks for a template has only the one that was made for it. Null for one that may.
 */
export function madeForAnother({ metadata }: Pick<AgentDescriptor, 'metadata'>, owner: Owner): string | null {
  const isTheirs = metadata.spawned === true;
  if (isTheirs && metadata.run_id !== owner.run_id) return 'made for another run';
  if (isTheirs && metadata.task_id !== undefined && metadata.task_id !== owner.task_id) return 'made for another task';
  const isOwn = isTheirs && metadata.task_id !== undefined;
  return owner.template !== undefined && !isOwn ? 'the task has an agent made from a template' : null;
}

/** Whether baton made an agent for a run: it is gone with that, so nothing that outlives the run may count on it. */
export function isSpawned({ metadata }: Pick<AgentDescriptor, 'metadata'>): boolean {
  return metadata.spawned === true;
}
