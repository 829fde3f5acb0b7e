import { type FlowJob, FlowProducer, Queue } from 'bullmq';
import { queueOf, ROOT_QUEUE } from '../src/contracts/job.ts';
import type { Plan } from '../src/contracts/plan.ts';
import type { BenchRedis } from './redis.ts';
import type { Side } from './side.ts';

/** Where the plain flow's keys are, beside baton's. */
export const PLAIN_PREFIX = '{plain}';

/** The plain side: FlowProducer as BullMQ's documentation has it. A chain stays a chain; of any other plan it makes a flat flow. */
export function openPlain({ connect }: BenchRedis): Side {
  const redis = connect();
  const options = { connection: redis, prefix: PLAIN_PREFIX };
  const producer = new FlowProducer(options);
  const tasks = new Queue(queueOf('custom'), options);
  const roots = new Queue(ROOT_QUEUE, options);
  let runs = 0;
  return {
    redis,
    tasks,
    roots,
    submit: async (plan) => {
      runs += 1;
      const root = `p${runs}.root`;
      await producer.add({
        name: 'root',
        queueName: ROOT_QUEUE,
        data: { run: root },
        opts: { jobId: root },
        children: childrenOf(`p${runs}`, plan),
      });
      return root;
    },
    verify: async (root) => {
      const state = await roots.getJobState(root);
      if (state !== 'completed') throw new Error(`expected a completed plain flow, came ${root} in state ${state}`);
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([producer.close(), tasks.close(), roots.close()]);
    },
  };
}

function childrenOf(run: string, plan: Plan): FlowJob[] {
  const jobs: FlowJob[] = plan.sub_tasks.map(({ task_id }) => ({
    name: task_id,
    queueName: queueOf('custom'),
    data: { run },
    opts: { jobId: `${run}.${task_id}` },
  }));
  if (!isChain(plan)) return jobs;
  return [jobs.reduce((below, next) => ({ ...next, children: [below] }))];
}

function isChain({ sub_tasks }: Plan): boolean {
  return sub_tasks.every(({ depends_on }, index) => {
    const before = sub_tasks[index - 1];
    return before === undefined || (depends_on.length === 1 && depends_on[0] === before.task_id);
  });
}
