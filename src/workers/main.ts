// Assembles one worker process: the queues it serves, and what their processors need.

import { hostname } from 'node:os';
import type { Redis } from 'ioredis';
import type { CommandReport } from '../agents/commands/commands.ts';
import { Capability } from '../contracts/agent.ts';
import { errorCatalogue, type FailureReport } from '../contracts/error.ts';
import { HOUSEKEEPING_QUEUE, ORCHESTRATOR_QUEUE, queueOf, ROOT_QUEUE, RunJob } from '../contracts/job.ts';
import { keysOf, shardPrefix } from '../contracts/keys.ts';
import type { WorkerRecord } from '../contracts/worker.ts';
import { type Flow, openFlow } from '../flow/flow.ts';
import type { Store } from '../journal/store.ts';
import { hasModel, openConfiguredModel } from '../llm/configured-model.ts';
import { endStopped } from '../orchestrator/end-stopped.ts';
import { keepHouse } from '../orchestrator/keep-house.ts';
import { type PlanTools, planRun } from '../orchestrator/plan-run.ts';
import { proposePatch } from '../orchestrator/planner/propose-patch.ts';
import { openReconciler } from '../orchestrator/reconcile/reconcile.ts';
import { startNextAfter } from '../orchestrator/session-next.ts';
import { openAgentHttp } from '../outbound/agent-http.ts';
import { type HttpClient, openHttp } from '../outbound/http.ts';
import { openDiscoverer } from '../registry/discoverer.ts';
import { openDiscovery } from '../registry/discovery.ts';
import { openForeignService } from '../registry/foreign-service.ts';
import { openPlainProbe } from '../registry/probe.ts';
import type { Registry } from '../registry/registry.ts';
import { agentHttpSettings, type Config, commandSettings } from '../runtime/config.ts';
import { type Lifecycle, runUntilStopped } from '../runtime/lifecycle.ts';
import { type Log, openLog } from '../runtime/logging.ts';
import { reportReady } from '../runtime/ready.ts';
import { closeRedis, logOutages, openRedis, type RedisRole } from '../runtime/redis.ts';
import { checkRedis } from '../runtime/redis-gate.ts';
import { ActiveJobs } from './active-jobs.ts';
import type { TaskTools } from './attempt.ts';
import { openCallTools } from './call-tools.ts';
import { openControlListener } from './control-listener.ts';
import { invokeIsolated } from './isolate/invoke-isolated.ts';
import { modelServerOf } from './model-server.ts';
import { type AgentsOptions, openAgents } from './open-agents.ts';
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

async function openTools(start: Start & { readonly worker: string }, flow: Flow): Promise<Tools> {
  const { config, options, log, life, worker } = start;
  const modelHttp = life.use('model http', openHttp({ policy: 'operator' }));
  const model = openConfiguredModel(config, modelHttp.fetch);
  if (!hasModel(config)) log.warn(errorCatalogue.model_not_configured.text);
  const calls = await openCallTools({
    http: life.use('http', openAgentHttp(agentHttpSettings(config))),
    modelServer: modelServerOf(config, modelHttp),
    modules: options.agents ?? [],
    address: { http: modelHttp, url: config.url },
    commands: commandSettings(config),
    onCommand: (report) => logCommand(log, report),
  });
  const { registry, ...agents } = await openAgents({
    ...{ store: flow.store, calls, settings: agentSettings(config) },
    ...{ use: life.use, onError: (about, text) => log.error(about, text) },
  });
  life.use('discoverer', openWorkerDiscoverer(start, { store: flow.store, registry, http: calls.http }));
  const report: FailureReport = ({ run, task, error }) =>
    log.warn({ run, task, code: error.code, err: error.cause ?? error }, error.message);
  const shared = { flow, worker, report, random: Math.random };
  const isolate: TaskTools['isolate'] = (call) => invokeIsolated(options.agents ?? [], call);
  const replan: TaskTools['replan'] = (request) => proposePatch({ flow, registry, model }, request);
  return {
    task: { ...shared, ...agents, isolate, replan },
    root: {
      ...shared,
      model,
      closeStopped: (run) => endStopped(flow, run),
      startNext: (run) => startNextAfter(flow, run),
    },
    plan: { ...shared, model, registry, discovery: discoverySourceOf(config), planCacheTtlMs: config.planCacheTtlMs },
  };
}

function agentSettings(config: Config): AgentsOptions['settings'] {
  return {
    breaker: { failures: config.breakerFailures, openMs: config.breakerOpenMs },
    waitMs: config.agentWaitMs,
    healthTtlMs: config.healthTtlMs,
    capacity: config.pool,
    mode: config.spawn,
    price: hasModel(config) ? config.modelPrice : undefined,
  };
}

function discoverySourceOf({ discoveryUrl: url, discoveryTtlMs: ttlMs }: Config) {
  return url === undefined ? undefined : { url, ttlMs };
}

function logCommand(log: Log, { fault, ...command }: CommandReport): void {
  if (fault === null) log.info(command, 'a command can be run');
  else log.warn(command, `a command cannot be run: ${fault}`);
}

type Watched = { readonly store: Store; readonly registry: Registry; readonly http: HttpClient };

/** Every worker is ready to watch over the agents' health and to ask the discovery service; one of them does. */
function openWorkerDiscoverer({ config, log, life }: Start, { store, registry, http }: Watched): AsyncDisposable {
  const { discoveryUrl: url, discoveryTtlMs: ttlMs, probeMs } = config;
  const service =
    url === undefined ? undefined : life.use('discovery', openForeignService(url, agentHttpSettings(config)));
  const onWarning = (fields: object, text: string) => log.warn(fields, text);
  return openDiscoverer({
    ...{ store, registry, probeMs, probe: openPlainProbe(http) },
    discovery: service && openDiscovery({ store, service, ttlMs, onWarning }),
    onError: (err) => log.error({ err }, 'the watch over the agents met an error'),
  });
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
