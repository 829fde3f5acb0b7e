// Assembles one worker process: the queues it serves, and what their processors need.

import { hostname } from 'node:os';
import type { Redis } from 'ioredis';

import { invokeAgent } from '../agents/invoke.ts';
import { loadAgents } from '../agents/load-module.ts';
import { openLocalAgents } from '../agents/local-agents.ts';
import { Capability } from '../contracts/agent.ts';
import { errorCatalogue, type FailureReport } from '../contracts/error.ts';
import { HOUSEKEEPING_QUEUE, ORCHESTRATOR_QUEUE, queueOf, ROOT_QUEUE, RunJob } from '../contracts/job.ts';
import { keysOf, shardPrefix } from '../contracts/keys.ts';
import type { WorkerRecord } from '../contracts/worker.ts';
import { type Flow, openFlow } from '../flow/flow.ts';
import { hasModel, openConfiguredModel } from '../llm/configured-model.ts';
import { closeStopped } from '../orchestrator/close-stopped.ts';
import { keepHouse } from '../orchestrator/keep-house.ts';
import { type PlanTools, planRun } from '../orchestrator/plan-run.ts';
import { openReconciler } from '../orchestrator/reconcile/reconcile.ts';
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
import { openControlListener } from './control-listener.ts';
import { invokeIsolated } from './isolate/invoke-isolated.ts';
import { openLocalHeartbeat } from './local-heartbeat.ts';
import type { RootTools } from './root-attempt.ts';
import { runTask } from './run-task.ts';
import { synthesize } from './synthesize.ts';
import { openWorkerWatch } from './watch-workers.ts';
import { newWorkerId, openIdentity } from './worker-identity.ts';
import { openWorkerPool, type Processor } from './worker-pool.ts';

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
  const worker = newWorkerId();
  const channels = [store.keys.controlChannel, store.keys.workerChannel(worker)];
  life.use('control listener', await openControlListener(subscriber, { channels, active }));
  const tools = await openTools({ ...start, worker }, flow);
  const processors = processorsOf(options.capabilities ?? Capability.options, tools);
  const concurrency = options.concurrency ?? config.concurrency;
  const pool = await openWorkerPool({
    redis: connect(start, 'queues', 'blocking'),
    store,
    processors,
    active,
    concurrency,
    lockMs: config.lockMs,
    stalledMs: config.stalledMs,
    onError: (err) => log.error({ err }, 'a worker met an error'),
    onThrown: (job, err) => log.error({ err, job }, 'a job could not be worked on; it comes back'),
  });
  const reconciler = openReconciler({
    flow,
    periodMs: config.reconcileMs,
    retention: { ageMs: config.retentionMs, runs: config.retentionRuns },
    onMended: (repair) => log.warn(repair, 'a run did not go on by itself and was mended'),
    onError: (err) => log.error({ err }, 'the reconciler met an error'),
  });
  life.use('reconciler', reconciler);
  const onError = (err: unknown) => log.error({ err }, 'the watch over the workers met an error');
  const record = recordOf({ concurrency, queues: [...processors.keys()], locks: [...pool.locks] });
  life.use('identity', await openIdentity({ store, worker, record, lockMs: config.lockMs, onError }));
  const onTakenOver = (dead: object) => log.warn(dead, 'a worker has died; what it was doing goes to others');
  life.use('watch', await openWorkerWatch({ store, stalledMs: config.stalledMs, onTakenOver, onError }));
  life.use('queues', { [Symbol.asyncDispose]: () => pool.close(config.drainMs) });
  pool.start();
  log.info({ worker, capabilities: options.capabilities ?? 'all', model: tools.root.model.label }, 'worker ready');
  reportReady(life.stop);
}

function recordOf(known: Pick<WorkerRecord, 'concurrency' | 'queues' | 'locks'>): WorkerRecord {
  return { pid: process.pid, host: hostname(), started_at: new Date().toISOString(), ...known };
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

async function openTools(
  { config, options, log, life, worker }: Start & { worker: string },
  flow: Flow,
): Promise<Tools> {
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
  const shared = { flow, worker, model, report, random: Math.random };
  const invoke: TaskTools['invoke'] = (call) => invokeAgent({ ...call, http, local });
  const isolate: TaskTools['isolate'] = (call) => invokeIsolated(options.agents ?? [], call);
  return {
    task: { flow, worker, chooser, invoke, isolate, report, random: Math.random },
    root: { ...shared, closeStopped: (run) => closeStopped(flow.store, run) },
    plan: { ...shared, registry },
  };
}

function processorsOf(capabilities: readonly Capability[], tools: Tools): ReadonlyMap<string, Processor> {
  const task: Processor = (job, signal) => runTask(tools.task, job, signal);
  return new Map<string, Processor>([
    ...capabilities.map((capability): [string, Processor] => [queueOf(capability), task]),
    [ROOT_QUEUE, (job, signal) => synthesize(tools.root, job, signal)],
    [ORCHESTRATOR_QUEUE, (job, signal) => planRun(tools.plan, { run: RunJob.parse(job.data).run_id, signal })],
    [HOUSEKEEPING_QUEUE, (job) => keepHouse(tools.plan.flow, job)],
  ]);
}
