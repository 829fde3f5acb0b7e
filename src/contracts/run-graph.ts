import { z } from 'zod';
import { RunId } from './ids.ts';
import { TaskView } from './run.ts';

export const GraphNode = TaskView.pick({
  task_id: true,
  kind: true,
  status: true,
  description: true,
  agent_id: true,
  recovered_by: true,
  superseded_by: true,
}).extend({
  /** It may go on without all of its branches. */
  join: z.boolean(),
  /** The map task that added this one. */
  parent: z.string().nullable(),
});
export type GraphNode = z.infer<typeof GraphNode>;

/** `depends_on`: what `from` gives goes to `to`. `after`: an order only. `repairs`: a patch added `to` to make up for `from`. */
export const GraphEdge = z.object({
  from: z.string(),
  to: z.string(),
  type: z.enum(['depends_on', 'after', 'repairs']),
});
export type GraphEdge = z.infer<typeof GraphEdge>;

/** GET /v1/runs/{id}/graph: the plan as it runs; empty before there is one. What no task waits for, the answer waits for. */
export const RunGraph = z.object({ run_id: RunId, nodes: z.array(GraphNode), edges: z.array(GraphEdge) });
export type RunGraph = z.infer<typeof RunGraph>;
