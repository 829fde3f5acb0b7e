import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import type { FlowProducer, Job, Queue } from 'bullmq';
import type { Express, RequestHandler } from 'express';
import { BatonError } from '../contracts/error.ts';
import { basicAuth, type Credentials } from './basic-auth.ts';
import { type FlowTree, readFlowTree } from './board-flow.ts';
import { redactJob } from './redact.ts';

const PATH = '/admin/queues';

/** A queue that the dashboard shows. */
export type BoardQueue = Queue;

export type DashboardOptions = Readonly<{
  boardQueues: readonly BoardQueue[];
  admin: Credentials | null;
  production: boolean;
  log: { warn(fields: object, text: string): void };
}>;

/** Mounts bull-board, to look only: a job removed or retried by hand would break its run. Without credentials on this machine only. */
export function addDashboard(app: Express, { boardQueues, admin, production, log }: DashboardOptions): void {
  if (admin === null && production) {
    log.warn({ path: PATH }, 'the dashboard is off: set BATON_ADMIN_USER and BATON_ADMIN_PASSWORD to have it');
    return;
  }
  const guards = admin === null ? [refuseWrites] : [basicAuth(admin), refuseWrites];
  app.use(PATH, ...guards, openBoard(boardQueues));
}

/** bull-board reads a form of another site as an empty job; its read-only mode refuses that too, this does so before any body is read. */
const refuseWrites: RequestHandler = (request, response, next) => {
  if (request.method === 'GET' || request.method === 'HEAD') {
    next();
    return;
  }
  response.set('Allow', 'GET, HEAD');
  throw new BatonError('method_not_allowed', 'The dashboard is read-only.');
};

function openBoard(queues: readonly Queue[]): RequestHandler {
  const serverAdapter = new ExpressAdapter().setBasePath(PATH);
  // bull-board calls getFlow only, and takes undefined for a job that is gone.
  const producer = { getFlow: flowReader(queues) } as unknown as FlowProducer;
  createBullBoard({
    queues: queues.map((queue) => adapterOf(queue, producer)),
    serverAdapter,
    options: { uiConfig: { boardTitle: 'baton', hideRedisDetails: true } },
  });
  const board: Express = serverAdapter.getRouter();
  return board.disable('x-powered-by');
}

function adapterOf(queue: Queue, producer: FlowProducer): BullMQAdapter {
  const adapter = new BullMQAdapter(queue, {
    readOnlyMode: true,
    externalJobUrl: ({ data }) => ({
      displayText: 'run',
      href: `/v1/runs/${encodeURIComponent(String(data?.run_id))}`,
    }),
  });
  for (const field of ['data', 'returnValue', 'progress'] as const) adapter.setFormatter(field, redactJob);
  adapter.getFlowProducer = async () => producer;
  return adapter;
}

type FlowRequest = {
  readonly queueName: string;
  readonly id: string;
  readonly depth?: number;
  readonly maxChildren?: number;
};

/** FlowProducer.getFlow's place: the same tree, each task once. */
function flowReader(queues: readonly Queue[]): (request: FlowRequest) => Promise<FlowTree<Job> | undefined> {
  const byKey = new Map(queues.map((queue) => [queue.qualifiedName, queue]));
  const find = async (key: string): Promise<Job | undefined> => {
    const end = key.lastIndexOf(':'); // our job ids hold none
    return byKey.get(key.slice(0, end))?.getJob(key.slice(end + 1));
  };
  return async ({ queueName, id, depth = 10, maxChildren = 20 }) => {
    const queue = queues.find(({ name }) => name === queueName);
    const root = `${queue?.qualifiedName}:${id}`;
    return readFlowTree({ root, find, depth, maxChildren });
  };
}
