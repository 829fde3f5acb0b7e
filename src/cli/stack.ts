import path from 'node:path';
import { defaults } from '../contracts/limits.ts';
import { closeInReverse, type Resource } from '../runtime/close-in-reverse.ts';
import { type Config, childEnvironment, type Overrides } from '../runtime/config.ts';
import { openEmbeddedRedis } from '../runtime/embedded-redis.ts';
import { openLog } from '../runtime/logging.ts';
import { identityOf } from '../runtime/process-identity.ts';
import { sendSignal } from '../runtime/redis-server-process.ts';
import type { Context } from './context.ts';
import type { Interruption } from './interruption.ts';
import { Supervisor } from './supervisor.ts';

/** The supervisor's own drain, then the model's and Redis' end. */
const CLOSE_MS = defaults.drainMs + 20_000;

export type StackOptions = Readonly<{
  config: Config;
  /** 0 takes a free one. */
  port: number;
  /** Worker processes. */
  workers: number;
  demoAgents: boolean;
  /** Settings of the children that differ from this process's. */
  env: Overrides;
  /** Stops what is being started, and takes it down at once on a second signal. */
  interruption: Interruption;
}>;

/** A whole baton: Redis, API, workers, agents. */
export type Stack = AsyncDisposable & {
  readonly url: string;
  readonly redisUrl: string;
  readonly model: { readonly name: string; readonly url: string | undefined; readonly offline: boolean };
  /** Process numbers as they are now; null for what is not ours or not there. */
  pids(): { api: number | null; workers: number[]; redis: number | null; demo: number | null };
  /** Aborts, with a BatonError as its reason, when a process dies too often. */
  readonly failed: AbortSignal;
  close(): Promise<void>;
};

type Redis = { readonly url: string; readonly pid: number | null };
/** A part that is open, and closed with the stack. */
type Use = <T extends { close(): Promise<void> }>(name: string, part: T) => T;

/** Starts a baton, its processes as children of this one. What has started is closed again when another part does not start. */
export async function openStack(context: Context, options: StackOptions): Promise<Stack> {
  const opened: Resource[] = [];
  const log = openLog({ level: 'error', name: 'baton' });
  const use: Use = (name, part) => {
    opened.push({ name, close: () => part.close() });
    return part;
  };
  let closing: Promise<unknown> | undefined;
  const close = async (): Promise<void> => {
    closing ??= closeInReverse(opened, { drainMs: CLOSE_MS, log });
    await closing;
  };
  try {
    return { ...(await start(context, options, use)), close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Redis and the model first: everybody needs them. Workers come up beside the API; demo agents register with it. */
async function start(
  context: Context,
  options: StackOptions,
  use: Use,
): Promise<Omit<Stack, keyof AsyncDisposable | 'close'>> {
  const { config, interruption } = options;
  const { signal } = interruption;
  const { say } = context.output;
  const redis = await openRedis(options, say, use);
  signal.throwIfAborted();
  const model = await openModel(context, config, use);
  signal.throwIfAborted();
  const supervisor = use('processes', new Supervisor({ entry: context.entry, say }));
  interruption.onSecond(() => supervisor.kill());
  signal.addEventListener('abort', () => void supervisor.close(), { once: true });
  const shared = { REDIS_URL: redis.url, BATON_HOME: path.resolve(config.home), ...model.env, ...options.env };
  const workers = Array.from({ length: options.workers }, (_, index) => `worker ${index + 1}`);
  const [url] = await Promise.all([
    startApi(supervisor, options, shared),
    ...workers.map((name) => startWorker(supervisor, name, shared)),
  ]);
  return {
    url,
    redisUrl: redis.url,
    model: model.label,
    failed: supervisor.failed,
    pids: () => ({
      api: supervisor.pidOf('api') ?? null,
      workers: workers.flatMap((name) => supervisor.pidOf(name) ?? []),
      redis: redis.pid,
      demo: supervisor.pidOf('demo') ?? null,
    }),
  };
}

async function openRedis(
  { config, interruption }: StackOptions,
  say: (line: string) => void,
  use: Use,
): Promise<Redis> {
  if (config.redisUrl !== undefined) return { url: config.redisUrl, pid: null };
  const { home, redisServerBin, cacheFolder } = config;
  const redis = use('redis', await openEmbeddedRedis({ home, redisServerBin, cacheFolder, say }));
  // It writes its last second down by itself.
  if (redis.owner) interruption.onSecond(() => sendSignal(identityOf(redis.pid), 'SIGTERM'));
  return redis;
}

/** The configured model, or the offline one in this process, for all children. */
async function openModel(
  { processes }: Context,
  config: Config,
  use: Use,
): Promise<{ label: Stack['model']; env: Overrides }> {
  const { openaiApiKey, openaiBaseUrl: url, model: name, offlineModel: offline } = config;
  if (openaiApiKey !== undefined || url !== undefined) return { label: { name, url, offline }, env: {} };
  const model = use('offline model', await processes.openOfflineModel());
  return { label: { name, url: model.url, offline: true }, env: { BATON_OFFLINE_URL: model.url } };
}

/** Workers stop first, while their agents and readers are still there; the API last. */
const stopPhases = { worker: 0, demo: 1, api: 2 } as const;

async function startApi(
  supervisor: Supervisor,
  { port, demoAgents }: StackOptions,
  shared: Overrides,
): Promise<string> {
  const ready = await supervisor.start({
    name: 'api',
    // A free port is kept over restarts: everybody knows it.
    args: (before) => ['api', '--port', before?.url === undefined ? `${port}` : new URL(before.url).port],
    env: childEnvironment(shared),
    stopPhase: stopPhases.api,
  });
  const url = reachable(ready.url ?? '');
  if (demoAgents) {
    const env = childEnvironment({ ...shared, BATON_URL: url });
    await supervisor.start({ name: 'demo', args: () => ['demo-agents'], env, stopPhase: stopPhases.demo });
  }
  return url;
}

async function startWorker(supervisor: Supervisor, name: string, shared: Overrides): Promise<void> {
  const env = childEnvironment(shared);
  await supervisor.start({ name, args: () => ['worker'], env, stopPhase: stopPhases.worker });
}

/** An address that listens everywhere, as one that can be called from here. */
function reachable(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}
