import type { AgentDescriptor } from '../contracts/agent.ts';
import { misfitText, payloadMisfits } from '../contracts/payload-fit.ts';
import type { SubTask } from '../contracts/plan.ts';
import type { Columns } from './columns.ts';
import { madeForAnother, type Owner } from './spawn-owner.ts';

/** What is asked, apart from the agents. */
export type Ask = {
  readonly task: Pick<SubTask, 'agent' | 'not_agents' | 'input_data'> & Owner;
  /** Whether this process can call the agent: one that needs a module, a command or the model only where that is. */
  readonly canCall: (agent: AgentDescriptor) => boolean;
};

/** Reasons that pass with time, so that a task may wait for the agent. The others are written out. */
export const passing = {
  silent: 'not healthy',
  broken: 'its breaker is open: it failed too often in a row',
  tried: 'it failed too often in a row, and one call tries it just now',
  full: 'all its slots are taken',
} as const;

/** What a worker may lack, by the transports that need it. */
const absent: Readonly<Partial<Record<AgentDescriptor['transport'], string>>> = {
  in_process: 'in-process, and not loaded by this worker',
  command: 'a command that this worker cannot run',
  model: 'a role of the model, and this worker has none: set OPENAI_API_KEY or OPENAI_BASE_URL',
};

/**
 * Why the agent at a place may not be called for a task, null when it may; asked place by place, with the calls that
 * run now and whether its breaker of this process is open. What costs most is asked once per payload
 * schema.
 */
export function openDoubts({ agents, schema, schemas, slots }: Columns, { task, canCall }: Ask) {
  const misfits: string[] = [];
  const misfitAt = (place: number): string => {
    const kind = schema[place] ?? 0;
    misfits[kind] ??=
      schemas[kind] === undefined ? '' : payloadMisfits(schemas[kind], task.input_data).map(misfitText).join(', ');
    return misfits[kind];
  };
  return (place: number, busy: number, isTripped: boolean): string | null => {
    const registered = agents[place];
    if (registered === undefined) return passing.silent;
    const { agent, healthy } = registered;
    if (task.agent !== undefined && task.agent !== agent.agent_id) return `the task is pinned to ${task.agent}`;
    if (task.not_agents?.includes(agent.agent_id)) return 'it may not do this task: it wrote what is reviewed, say';
    const other = madeForAnother(agent, task);
    if (other !== null) return other;
    if (!canCall(agent)) return absent[agent.transport] ?? 'this worker cannot call it';
    const misfit = misfitAt(place);
    if (misfit !== '') return misfit;
    if (!healthy) return passing.silent;
    if (registered.broken || isTripped) return passing.broken;
    const most = slots[place] ?? 0;
    return most > 0 && busy >= most ? passing.full : null;
  };
}
