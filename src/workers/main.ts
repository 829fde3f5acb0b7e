// Assembles one worker process: the queues it serves, and what their processors need.

import { invokeAgent } from '../agents/invoke.ts';
import { loadAgents } from '../agents/load-module.ts';
import { openLocalAgents } from '../agents/local-agents.ts';
import { Capability } from '../contracts/agent.ts';
import { BatonError, errorCatalogue } from '../contracts/error.ts';
import { ORCHESTRATOR_QUEUE, queueOf, ROOT_QUEUE, RunJob, RunJobName, type Verdict } from '../contracts/job.ts';
import { keysOf, shardPrefix } from '../contracts/keys.ts';
import { openFlow } from '../flow/flow.ts';
import { closeCancelled } from '../journal/close.ts';
import { hasModel, openConfiguredModel } from '../llm/configured-model.ts';
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
export async function startWorker({ config, options, log, life }: Start): Promise<void> {
  const connect = (name: string, role: RedisRole) => {
    const redis = openRedis(options.redisUrl, role, logOutages(log, name));
    life.use(name, { [Symbol.asyncDispose]: () => closeRedis(redis) });
    return redis;
  };
  const redis = connect('commands', 'command');
  for (const warning of await checkRedis(redis)) log.warn(warning);
  const keys = keysOf(shardPrefix());
  const store = { redis, keys };
  const flow = openFlow(store, connect('flows', 'command'));
  life.use('flow', { [Symbol.asyncDispose]: () => flow.close() });
  const http = life.use('http', openHttp());
  const model = openConfiguredModel(config, http.fetch);
  if (!hasModel(config)) log.warn(errorCatalogue.model_not_configured.text);

  const local = openLocalAgents((await Promise.all((options.agents ?? []).map(loadAgents))).flat());
  const registry = openRegistry(store);
  const chooser = openChooser({
    registry,
    waitMs: config.agentWaitMs,
    probe: openProbe(http),
    canCall: (agent) => agent.transport !== 'in_process' || local.has(agent.agent_id),
  });
  const active = new ActiveJobs();
  const { retentionMs } = config;
  const processors = processorsOf(options.capabilities ?? Capability.options, {
    task: { store, chooser, random: Math.random, invoke: (call) => invokeAgent({ ...call, http, local }) },
    root: { flow, model, retentionMs, random: Math.random },
    plan: { flow, registry, model, retentionMs },
  });
  life.use('cancel listener', await openCancelListener(connect('cancels', 'command'), keys.cancelChannel, active));
  const pool = await openWorkerPool({
    redis: connect('queues', 'blocking'),
    prefix: keys.prefix,
    processors,
    active,
    concurrency: options.concurrency ?? config.concurrency,
    lockMs: config.lockMs,
    stalledMs: config.stalledMs,
    onError: (error) => log.error({ err: error }, 'a worker met an error'),
  });
  const onError = (err: unknown) => log.error({ err }, 'the heartbeat of the in-process agents failed');
  life.use('heartbeat', await openLocalHeartbeat({ registry, agents: local.descriptors, onError }));
  life.use('queues', { [Symbol.asyncDispose]: () => pool.close(config.drainMs) });
  log.info({ queues: [...processors.keys()], model: model.label }, 'worker ready');
  reportReady(life.stop);
}

type Tools = { readonly task: TaskTools; readonly root: RootTools; readonly plan: PlanTools };

function processorsOf(capabilities: readonly Capability[], tools: Tools): ReadonlyMap<string, Processor> {
  const task: Processor = (job, signal) => runTask(tools.task, job, signal);
  return new Map<string, Processor>([
    ...capabilities.map((capability): [string, Processor] => [queueOf(capability), task]),
    [ROOT_QUEUE, (job, signal) => synthesize(tools.root, job, signal)],
    [ORCHESTRATOR_QUEUE, (job, signal) => keepHouse(tools.plan, job, signal)],
  ]);
}

/** The run-level jobs of the orchestrator's queue. */
async function keepHouse(tools: PlanTools, job: PoolJob, signal: AbortSignal): Promise<Verdict> {
  const run = RunJob.parse(job.data).run_id;
  const name = RunJobName.parse(job.name);
  switch (name) {
    case 'plan':
      return planRun(tools, { run, signal, lastAttempt: job.lastAttempt });
    case 'close':
      await closeCancelled(tools.flow.store, run);
      return { kind: 'done', status: 'cancelled' };
    case 'remove':
      return removeEndedRun(tools.flow, run);
    default:
      throw new BatonError('internal', `there is no run job "${name satisfies never}"`);
  }
}
