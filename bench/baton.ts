import { queueOf, ROOT_QUEUE } from '../src/contracts/job.ts';
import { keysOf, shardPrefix } from '../src/contracts/keys.ts';
import { limits } from '../src/contracts/limits.ts';
import { type Plan, toPlannedTask } from '../src/contracts/plan.ts';
import { rootEvent } from '../src/contracts/root-event.ts';
import { plainOptions } from '../src/contracts/run-options.ts';
import { openFlow } from '../src/flow/flow.ts';
import { submitFlow } from '../src/flow/submit.ts';
import { createRun } from '../src/journal/create.ts';
import { loadResults } from '../src/journal/load-results.ts';
import { recordPlan } from '../src/journal/record-plan.ts';
import type { Store } from '../src/journal/store.ts';
import { newRunId } from '../src/orchestrator/run-id.ts';
import { flowGraphOf } from '../src/plan/flow-graph.ts';
import type { BenchRedis } from './redis.ts';
import type { Side } from './side.ts';

/** baton's side: what the API and the plan job write of a run, and the flow, without HTTP and without validation. */
export function openBaton({ connect }: BenchRedis): Side {
  const store = { redis: connect(), keys: keysOf(shardPrefix()) };
  const flow = openFlow(store, connect());
  return {
    redis: store.redis,
    tasks: flow.queue(queueOf('custom')),
    roots: flow.queue(ROOT_QUEUE),
    submit: async (plan) => {
      const run = newRunId();
      const graph = flowGraphOf(run, plan);
      await record(store, run, recordable(plan));
      await submitFlow(flow, { run, graph, budgeted: false });
      return graph.root.id;
    },
    verify: async (root, plan) => verify(store, root.slice(0, -'.root'.length), plan),
    [Symbol.asyncDispose]: () => flow.close(),
  };
}

/** A recorded plan is parsed when it is read: of a larger one the journal gets as many tasks as a plan may have. */
function recordable(plan: Plan): Plan {
  return { ...plan, sub_tasks: plan.sub_tasks.slice(0, limits.planTasks) };
}

async function record(store: Store, run: string, plan: Plan): Promise<void> {
  const query = plan.original_query;
  await createRun(store, {
    run,
    query,
    plan,
    metadata: {},
    options: plainOptions,
    idempotency: undefined,
    event: rootEvent(0, { name: 'run.created', data: 'Starting orchestration...', detail: { query, planned: true } }),
  });
  const tasks = plan.sub_tasks.map(toPlannedTask);
  const phase = { phase: 'execution', status: 'running' } as const;
  await recordPlan(store, {
    run,
    plan,
    usage: null,
    model: null,
    mode: null,
    ready: rootEvent(0, {
      name: 'plan.ready',
      data: 'Plan ready',
      detail: { reasoning: '', model: null, tasks, mode: null },
    }),
    phase: rootEvent(0, { name: 'run.phase', data: 'Entering execution phase...', detail: phase }),
  });
}

async function verify(store: Store, run: string, plan: Plan): Promise<void> {
  const results = await loadResults(store, run);
  const completed = [...results.values()].filter((result) => result.status === 'completed').length;
  const status = await store.redis.hget(store.keys.run(run).run, 'status');
  if (completed === plan.sub_tasks.length && status === 'completed') return;
  throw new Error(`expected ${plan.sub_tasks.length} completed tasks, came ${completed}; the run is ${status}`);
}
