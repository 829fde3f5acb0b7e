// Assembles one worker process: the queues it serves, and what their processors need.

import type { Redis } from 'ioredis';

import { invokeAgent } from '../agents/invoke.ts';
import { loadAgents } from '../agents/load-module.ts';
import { openLocalAgents } from '../agents/local-agents.ts';
import { Capability } from '../contracts/agent.ts';
import { errorCatalogue, type FailureReport } from '../contracts/error.ts';
import { HOUSEKEEPING_QUEUE, ORCHESTRATOR_QUEUE, queueOf, ROOT_QUEUE, RunJob, type Verdict } from '../contracts/job.ts';
import { keysOf, shardPrefix } from '../contracts/keys.ts';
import { type Flow, openFlow } from '../flow/flow.ts';
import { hasModel, openConfiguredModel } from '../llm/configured-model.ts';
import { closeCancelledRun } from '../orchestrator/close-run.ts';
import { type PlanTools, planRun } from '../orchestrator/plan-run.ts';
import { removeEndedRun } from '../orchestrator/remove-run.ts';
import { openHttp } from '../outbound/http.ts';
import { openChooser } from '../registry/choose.ts';
import { openProbe } from '../registry/probe.ts';
import { openRegistry } from '../registry/registry.ts';
import type { Config } from '../runtime/config.ts';
import { type Lifecycle, runUntilStopped } from '../runtime/lifecycle.ts';
import { type Log, openLog } from '../runtime/logging.ts';
import { reportReady } from '../runtime/ready.ts';
import { closeRedis, logOutages, openRedis, type RedisRole } from '../runtime/redis.ts';
import { checkRedis } from '../runtime/redis-gate.ts';
import { ActiveJobs } from './active-jobs.ts';
import type { TaskTools } from './attempt.ts';
import { openCancelListener } from './cancel-listener.ts';
import { openLocalHeartbeat } from './local-heartbeat.ts';
import type { RootTools } from './root-attempt.ts';
import { runTask } from './run-task.ts';
import { synthesize } from './synthesize.ts';
import { openWorkerPool, type PoolJob, type Processor } from './worker-pool.ts';

export type WorkerProcessOptions = {
  readonly redisUrl: string;
  /** The agent queues to serve: all by default. The orchestrator's and the root's are served by every worker. */
  readonly capabilities?: readonly Capability[];
  readonly concurrency?: number;
  /** Modules whose agents run in this process. */
  readonly agents?: readonly string[];
};

/** What closing takes beyond the drain: hand-backs and connections. */
const CLOSE_MS = 5_000;

/** Runs a worker process until it is told to stop; it never returns but by the process's end. */
export function runWorker(config: Config, options: WorkerProcessOptions): Promise<never> {
  const log = openLog({ level: config.logLevel, name: 'worker' });
  return runUntilStopped({ log, drainMs: config.drainMs + CLOSE_MS }, (life) =>
    startWorker({ config, options, log, life }),
  );
}

export type Start = {
  readonly config: Config;
  readonly options: WorkerProcessOptions;
  readonly log: Log;
  readonly life: Lifecycle;
};

/** Opens everything a worker needs into `life`, and resolves when it takes jobs. */
export async function startWorker(start: Start): Promise<void> {
  const { config, options, log, life } = start;
  const flow = await openStoreAndFlow(start);
  const { store } = flow;
  const active = new ActiveJobs();
  const subscriber = connect(start, 'cancels', 'command');
  life.use('cancel listener', await openCancelListener(subscriber, store.keys.cancelChannel, active));
  const tools = await openTools(start, flow);
  const pool = await openWorkerPool({
    redis: connect(start, 'queues', 'blocking'),
    prefix: store.keys.prefix,
    processors: processorsOf(options.capabilities ?? Capability.options, tools),
    active,
    concurrency: options.concurrency ?? config.concurrency,
    lockMs: config.lockMs,
    stalledMs: config.stalledMs,
    onError: (err) => log.error({ err }, 'a worker met an error'),
    onThrown: (job, err) => log.error({ err, job }, 'a job could not be worked on; it comes back'),
  });
  life.use('queues', { [Symbol.asyncDispose]: () => pool.close(config.drainMs) });
  log.info({ capabilities: options.capabilities ?? 'all', model: tools.root.model.label }, 'worker ready');
  reportReady(life.stop);
}

function connect({ options, log, life }: Start, name: string, role: RedisRole): Redis {
  const redis = openRedis(options.redisUrl, role, logOutages(log, name));
  life.use(name, { [Symbol.asyncDispose]: () => closeRedis(redis) });
  return redis;
}

async function openStoreAndFlow(start: Start): Promise<Flow> {
  const redis = connect(start, 'commands', 'command');
  for (const warning of await checkRedis(redis)) start.log.warn(warning);
  const flow = openFlow({ redis, keys: keysOf(shardPrefix()) }, connect(start, 'flows', 'command'));
  start.life.use('flow', { [Symbol.asyncDispose]: () => flow.close() });
  return flow;
}

type Tools = { readonly task: TaskTools; readonly root: RootTools; readonly plan: PlanTools };

async function openTools({ config, options, log, life }: Start, flow: Flow): Promise<Tools> {
  const http = life.use('http', openHttp());
  const model = openConfiguredModel(config, http.fetch);
  if (!hasModel(config)) log.warn(errorCatalogue.model_not_configured.text);
  const local = openLocalAgents((await Promise.all((options.agents ?? []).map(loadAgents))).flat());
  const registry = openRegistry({
    ...flow.store,
    onUnreadable: (agent, err) => log.error({ err, agent }, 'this agent cannot be read and is passed over'),
  });
  const onError = (err: unknown) => log.error({ err }, 'the heartbeat of the in-process agents failed');
  life.use('heartbeat', await openLocalHeartbeat({ registry, agents: local.descriptors, onError }));
  const chooser = openChooser({
    registry,
    waitMs: config.agentWaitMs,
    probe: openProbe(http),
    canCall: (agent) => agent.transport !== 'in_process' || local.has(agent.agent_id),
  });
  const report: FailureReport = ({ run, task, error }) =>
    log.warn({ run, task, code: error.code, err: error.cause ?? error }, error.message);
  const shared = { flow, model, report, random: Math.random, retentionMs: config.retentionMs };
  const invoke: TaskTools['invoke'] = (call) => invokeAgent({ ...call, http, local });
  return {
    task: { store: flow.store, chooser, invoke, report, random: Math.random },
    root: shared,
    plan: { ...shared, registry },
  };
}

function processorsOf(capabilities: readonly Capability[], tools: Tools): ReadonlyMap<string, Processor> {
  const task: Processor = (job, signal) => runTask(tools.task, job, signal);
  return new Map<string, Processor>([
    ...capabilities.map((capability): [string, Processor] => [queueOf(capability), task]),
    [ROOT_QUEUE, (job, signal) => synthesize(tools.root, job, signal)],
    [ORCHESTRATOR_QUEUE, (job, signal) => planRun(tools.plan, { run: RunJob.parse(job.data).run_id, signal })],
    [HOUSEKEEPING_QUEUE, (job) => keepHouse(tools.plan, job)],
  ]);
}

function keepHouse(tools: PlanTools, job: PoolJob): Promise<Verdict> {
  const run = RunJob.parse(job.data).run_id;
  return job.name === 'close' ? closeCancelledRun(tools, run) : removeEndedRun(tools.flow, run);
}
