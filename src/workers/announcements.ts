import type { AgentDescriptor } from '../contracts/agent.ts';
import type { EventDetail } from '../contracts/event.ts';
import { ORCHESTRATOR } from '../contracts/ids.ts';
import type { Announcement } from '../journal/claim.ts';
import type { Ranking } from '../registry/rank.ts';

/** What a claim says when it starts: that the task has begun, and with which agent; undefined when none is known yet. */
export function announcements(
  agent: AgentDescriptor | undefined,
  ranking: Ranking,
  { worker, description }: { readonly worker: string; readonly description: string },
): readonly Announcement[] {
  const started = { name: 'task.started', detail: { worker } } as const;
  if (agent === undefined)
    return [{ ...started, agent_id: ORCHESTRATOR, data: `Waiting for an agent: ${description}` }];
  const { agent_id } = agent;
  return [
    { ...started, agent_id, data: `Connecting to ${agent.name}...` },
    { ...selection(agent, ranking), agent_id },
  ];
}

/** The event that says which agent was chosen, out of which, and why not the others. */
export function selection(agent: AgentDescriptor, { candidates, considered }: Ranking) {
  const detail: EventDetail<'agent.selected'> = { agent_id: agent.agent_id, candidates: [...candidates], considered };
  return { name: 'agent.selected', data: `Selected ${agent.name}`, detail } as const;
}
