// Assembles one API process: connections, the use cases behind the door, and the server before it.

import { agentQueues, HOUSEKEEPING_QUEUE, ORCHESTRATOR_QUEUE, ROOT_QUEUE } from '../contracts/job.ts';
import { keysOf, shardPrefix } from '../contracts/keys.ts';
import { openFlow } from '../flow/flow.ts';
import type { Store } from '../journal/store.ts';
import { hasModel } from '../llm/configured-model.ts';
import { viewRun } from '../orchestrator/view-run.ts';
import { toAddressPolicy, whyRefused } from '../outbound/address-policy.ts';
import { openAgentHttp } from '../outbound/agent-http.ts';
import { agentOfCard } from '../registry/card-registration.ts';
import { openChangeReader } from '../registry/change-reader.ts';
import { type Discovery, openDiscovery } from '../registry/discovery.ts';
import { openForeignService } from '../registry/foreign-service.ts';
import { openRegistry } from '../registry/registry.ts';
import { agentHttpSettings, type Config, isProduction } from '../runtime/config.ts';
import { type Lifecycle, runUntilStopped } from '../runtime/lifecycle.ts';
import { type Log, openLog } from '../runtime/logging.ts';
import { loadPackageVersion } from '../runtime/package-version.ts';
import { reportReady } from '../runtime/ready.ts';
import { closeRedis, logOutages, openRedis, type RedisRole } from '../runtime/redis.ts';
import { checkRedis } from '../runtime/redis-gate.ts';
import { openStreamReader } from '../streams/run-stream.ts';
import { openApi } from './app.ts';
import { openServer } from './server.ts';
import type { ApiTools } from './tools.ts';

export type ApiProcessOptions = {
  readonly redisUrl: string;
  /** Instead of the setting; 0 takes a free one. */
  readonly port?: number;
};

/** What closing takes beyond the drain. */
const CLOSE_MS = 5_000;

/** Serves the API until the process is told to stop; it never returns but by the process's end. Tells a parent process its URL. */
export function runApi(config: Config, options: ApiProcessOptions): Promise<never> {
  const log = openLog({ level: config.logLevel, name: 'api' });
  return runUntilStopped({ log, drainMs: config.drainMs + CLOSE_MS }, async (life) => {
    const tools = await openTools({ config, options, log, life });
    const { host, port } = { port: config.port, ...options, host: config.host };
    const server = life.use('server', await openServer({ app: openApi(tools), host, port, drainMs: config.drainMs }));
    log.info({ url: server.url, model: tools.model }, 'api ready');
    reportReady(life.stop, { url: server.url });
  });
}

type Start = {
  readonly config: Config;
  readonly options: ApiProcessOptions;
  readonly log: Log;
  readonly life: Lifecycle;
};

async function openTools({ config, options, log, life }: Start): Promise<ApiTools> {
  const connect = (name: string, role: RedisRole) => {
    const redis = openRedis(options.redisUrl, role, logOutages(log, name));
    life.use(name, { [Symbol.asyncDispose]: () => closeRedis(redis) });
    return redis;
  };
  const redis = connect('requests', 'request');
  for (const warning of await checkRedis(redis)) log.warn(warning);
  const store = { redis, keys: keysOf(shardPrefix()) };
  const flow = openFlow(store, redis); // an API submits no flow: it adds plan jobs only
  life.use('flow', { [Symbol.asyncDispose]: () => flow.close() });
  const blockingRedis = connect('streams', 'blocking');
  const policy = toAddressPolicy(agentHttpSettings(config));
  const agentHttp = life.use('agent http', openAgentHttp(agentHttpSettings(config)));
  const snapshot = (run: string) => viewRun(store, run);
  return {
    flow,
    registry: openRegistry({
      ...store,
      healthTtlMs: config.healthTtlMs,
      onUnreadable: (agent, err) => log.error({ err, agent }, 'this agent cannot be read and is passed over'),
    }),
    agentOfCard: (cardUrl, own) => agentOfCard(agentHttp, cardUrl, own),
    agentChanges: life.use(
      'agent changes',
      openChangeReader({
        store,
        blockingRedis: connect('agent changes', 'blocking'),
        onError: (err) => log.warn({ err }, 'the reader of agent changes cannot read; it tries again'),
      }),
    ),
    discovery: openForeignDiscovery({ config, log, life }, store),
    reader: life.use('streams', openStreamReader({ store, blockingRedis, log, snapshot })),
    model: modelOf(config),
    admin: adminOf(config),
    production: isProduction(config),
    card: { url: config.url, version: await loadPackageVersion() },
    pool: config.pool,
    maxModelCalls: config.maxModelCalls,
    whyRefused: (url) => whyRefused(policy, url),
    boardQueues: [ORCHESTRATOR_QUEUE, ...agentQueues, ROOT_QUEUE, HOUSEKEEPING_QUEUE].map(flow.queue),
    log,
  };
}

/** For refreshes that somebody asks for: the workers ask by themselves. */
function openForeignDiscovery({ config, log, life }: Omit<Start, 'options'>, store: Store): Discovery | null {
  const { discoveryUrl: url, discoveryTtlMs: ttlMs } = config;
  if (url === undefined) return null;
  const service = life.use('discovery', openForeignService(url, agentHttpSettings(config)));
  return openDiscovery({ store, service, ttlMs, onWarning: (fields, text) => log.warn(fields, text) });
}

function modelOf(config: Config): ApiTools['model'] {
  return hasModel(config) ? { name: config.model, offline: config.offlineModel } : null;
}

function adminOf({ adminUser: user, adminPassword: password }: Config): ApiTools['admin'] {
  return user === undefined || password === undefined ? null : { user, password };
}
