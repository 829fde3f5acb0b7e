// Assembles one worker process: the queues it serves, and what their processors need.

import { hostname } from 'node:os';
import type { Redis } from 'ioredis';
import { canCall } from '../agents/can-call.ts';
import { type Commands, openCommands } from '../agents/commands/commands.ts';
import { invokeAgent } from '../agents/invoke.ts';
import { loadAgents } from '../agents/load-module.ts';
import { openLocalAgents } from '../agents/local-agents.ts';
import { type AgentDescriptor, Capability } from '../contracts/agent.ts';
import { errorCatalogue, type FailureReport } from '../contracts/error.ts';
import { HOUSEKEEPING_QUEUE, ORCHESTRATOR_QUEUE, queueOf, ROOT_QUEUE, RunJob } from '../contracts/job.ts';
import { keysOf, shardPrefix } from '../contracts/keys.ts';
import type { WorkerRecord } from '../contracts/worker.ts';
import { type Flow, openFlow } from '../flow/flow.ts';
import type { Store } from '../journal/store.ts';
import { hasModel, openConfiguredModel } from '../llm/configured-model.ts';
import { closeStopped } from '../orchestrator/close-stopped.ts';
import { keepHouse } from '../orchestrator/keep-house.ts';
import { type PlanTools, planRun } from '../orchestrator/plan-run.ts';
import { openReconciler } from '../orchestrator/reconcile/reconcile.ts';
import { toAddressPolicy, whyRefused } from '../outbound/address-policy.ts';
import { openAgentHttp } from '../outbound/agent-http.ts';
import { type HttpClient, openHttp } from '../outbound/http.ts';
import { openBreakers } from '../registry/breaker.ts';
import { openChooser } from '../registry/choose.ts';
import { openDiscoverer } from '../registry/discoverer.ts';
import { openDiscovery } from '../registry/discovery.ts';
import { openOutcomes } from '../registry/outcomes.ts';
import { openPermits } from '../registry/permit.ts';
import { openPlainProbe, openProbe } from '../registry/probe.ts';
import { openRegistry, type Registry } from '../registry/registry.ts';
import { openSpawner } from '../registry/spawner.ts';
import { openTemplates } from '../registry/template-store.ts';
import { agentHttpSettings, type Config, commandSettings } from '../runtime/config.ts';
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
import { modelServerOf } from './model-server.ts';
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
  const http = life.use('http', openAgentHttp(agentHttpSettings(config)));
  const modelHttp = life.use('model http', openHttp({ policy: 'operator' }));
  const model = openConfiguredModel(config, modelHttp.fetch);
  const modelServer = modelServerOf(config, modelHttp);
  const commands = await openCommands(commandSettings(config));
  reportCommands(commands, log);
  if (!hasModel(config)) log.warn(errorCatalogue.model_not_configured.text);
  const local = openLocalAgents((await Promise.all((options.agents ?? []).map(loadAgents))).flat());
  const registry = openRegistry({
    ...flow.store,
    onUnreadable: (agent, err) => log.error({ err, agent }, 'this agent cannot be read and is passed over'),
  });
  const onError = (err: unknown) => log.error({ err }, 'the heartbeat of the agents of this worker failed');
  const runsHere = ({ transport, command }: AgentDescriptor) =>
    transport === 'command' && commands.has(command?.name ?? '');
  life.use('heartbeat', await openLocalHeartbeat({ registry, agents: local.descriptors, runsHere, onError }));
  life.use('discoverer', openWorkerDiscoverer({ config, log, life }, { store: flow.store, registry, http }));
  const breakers = openBreakers({ failures: config.breakerFailures, openMs: config.breakerOpenMs });
  const onUncounted = (err: unknown) => log.error({ err }, 'what became of calls could not be counted');
  const outcomes = openOutcomes({ ...flow.store, breakers, onServed: registry.noteServed, onError: onUncounted });
  life.use('outcomes', outcomes);
  const onLease = (err: unknown) => log.error({ err }, 'slots of agents could not be renewed or given back');
  const permits = life.use('permits', openPermits({ ...flow.store, breakers, onError: onLease }));
  const chooser = openChooser({
    registry,
    permits,
    waitMs: config.agentWaitMs,
    probe: openProbe(http),
    canCall: (agent) => canCall(agent, { local, commands }),
  });
  const spawner = openWorkerSpawner({ config, log }, { store: flow.store, registry });
  const report: FailureReport = ({ run, task, error }) =>
    log.warn({ run, task, code: error.code, err: error.cause ?? error }, error.message);
  const shared = { flow, worker, model, report, random: Math.random };
  const invoke: TaskTools['invoke'] = (call) => invokeAgent({ ...call, http, local, modelServer, commands });
  const isolate: TaskTools['isolate'] = (call) => invokeIsolated(options.agents ?? [], call);
  return {
    task: { flow, worker, chooser, outcomes, spawner, invoke, isolate, report, random: Math.random },
    root: { ...shared, closeStopped: (run) => closeStopped(flow.store, run) },
    plan: { ...shared, registry },
  };
}

function reportCommands({ reports }: Commands, log: Log): void {
  for (const { fault, ...command } of reports) {
    if (fault === null) log.info(command, 'a command can be run');
    else log.warn(command, `a command cannot be run: ${fault}`);
  }
}

function openWorkerSpawner({ config, log }: Pick<Start, 'config' | 'log'>, { store, registry }: Omit<Watched, 'http'>) {
  const onUnreadable = (template: string, err: unknown) =>
    log.error({ err, template }, 'this template cannot be read and is passed over');
  return openSpawner({
    ...{ store, agents: registry.list, onSpawned: registry.refresh },
    templates: openTemplates({ ...store, onUnreadable }),
    ...{ capacity: config.pool, mode: config.spawn, waitMs: config.agentWaitMs },
    price: hasModel(config) ? config.modelPrice : undefined,
  });
}

type Watched = { readonly store: Store; readonly registry: Registry; readonly http: HttpClient };

/** Every worker is ready to watch over the agents' health and to ask the discovery service; one of them does. */
function openWorkerDiscoverer({ config, log, life }: Omit<Start, 'options'>, { store, registry, http }: Watched) {
  const { discoveryUrl: url, discoveryTtlMs: ttlMs, probeMs } = config;
  const policy = toAddressPolicy(agentHttpSettings(config));
  const service =
    url === undefined
      ? undefined
      : {
          url,
          http: life.use('discovery http', openHttp({ policy: 'operator' })),
          whyRefused: (agentUrl: string) => whyRefused(policy, agentUrl),
        };
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
