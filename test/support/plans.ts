import type { Capability } from '../../src/contracts/agent.ts';
import { Plan } from '../../src/contracts/plan.ts';

export type TaskSketch = {
  readonly after?: readonly string[];
  /** Edges that only order: SubTask.after. */
  readonly behind?: readonly string[];
  readonly capability?: Capability;
  readonly [field: string]: unknown;
};

/** A plan from a sketch: `planOf({ a: {}, b: { after: ['a'] } })`, where `after` are dependencies. Everything else has its default; the capability is custom. */
export function planOf(tasks: Readonly<Record<string, TaskSketch>>): Plan {
  return Plan.parse({
    sub_tasks: Object.entries(tasks).map(([task_id, { after = [], behind = [], capability = 'custom', ...rest }]) => ({
      task_id,
      description: `do ${task_id}`,
      required_capability: capability,
      depends_on: after,
      after: behind,
      ...rest,
    })),
  });
}
