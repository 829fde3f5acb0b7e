// What is hurt: two API processes, three workers, each with a way of its own to one Redis.
import { freePort } from '../../src/runtime/redis-server-process.ts';
import { type BatonProcess, startBaton } from '../support/processes.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { findTestRedisServer } from '../support/redis-binary.ts';
import { openRedisProxy, type RedisProxy } from '../support/redis-proxy.ts';
import { chunk, openScriptedModel, streamOf } from '../support/scripted-model.ts';

/** One process that is started again whenever it was killed. */
export type Member = {
  readonly name: string;
  readonly proxy: RedisProxy;
  readonly start: () => Promise<void>;
  process: BatonProcess | undefined;
};

export type Cluster = AsyncDisposable & {
  readonly redis: TestRedis;
  readonly workers: readonly Member[];
  readonly apis: readonly (Member & { readonly url: string })[];
};

/** Locks are short, so that some processes are stopped for longer: what they say afterwards must not count. */
const settings = {
  ...{ BATON_LOCK_MS: '2000', BATON_STALLED_MS: '500' },
  BATON_AGENT_WAIT_MS: '60000',
  BATON_BREAKER_FAILURES: '1000000', // agents fail as they are told to, which shall keep nobody from being called
  BATON_LOG_LEVEL: 'fatal',
  BATON_RECONCILE_MS: '2000',
};

/** Starts all of them; `bin` is the build that they run. */
export async function openCluster(bin: string | undefined): Promise<Cluster> {
  const stack = new AsyncDisposableStack();
  const redis = stack.use(await startTestRedis({ appendonly: true, binary: await findTestRedisServer() }));
  const model = stack.use(await openScriptedModel([streamOf([chunk('the answer', 'stop')])])); // without one every run is partial
  const add = async (name: string, command: string, env: Record<string, string>): Promise<Member> => {
    const proxy = stack.use(await openRedisProxy(redis.port));
    const member: Member = {
      name,
      proxy,
      process: undefined,
      start: async () => {
        member.process = await startBaton([command], { ...settings, ...model.env, ...env, REDIS_URL: proxy.url }, bin);
      },
    };
    await member.start();
    stack.defer(() => member.process?.[Symbol.asyncDispose]());
    return member;
  };
  const apis: (Member & { url: string })[] = [];
  for (const name of ['api-1', 'api-2']) {
    const port = await freePort();
    const member = await add(name, 'api', { BATON_PORT: `${port}` });
    apis.push(Object.assign(member, { url: `http://127.0.0.1:${port}` }));
  }
  const workers = [];
  for (const name of ['worker-1', 'worker-2', 'worker-3']) workers.push(await add(name, 'worker', {}));
  return { redis, apis, workers, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
