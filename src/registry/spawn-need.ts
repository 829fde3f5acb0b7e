import type { AgentDescriptor } from '../contracts/agent.ts';
import { payloadMisfits } from '../contracts/payload-fit.ts';
import type { SubTask } from '../contracts/plan.ts';
import { madeForAnother } from './spawn-owner.ts';

/**
 * Whether an agent can take a task at all, be it busy, ill or out of reach at this moment: while there is one, no other is made in
 * its place.
 */
export function couldServe(
  agent: AgentDescriptor,
  { task, run }: { readonly task: SubTask; readonly run: string },
): boolean {
  if (!agent.capabilities.includes(task.required_capability)) return false;
  if (madeForAnother(agent, { ...task, run_id: run }) !== null) return false;
  return payloadMisfits(agent.payload_schema, task.input_data).length === 0;
}
