import { type Api, openApi } from '../../src/api/app.ts';
import { type OpenServer, openServer, type ServerOptions } from '../../src/api/server.ts';
import type { ApiTools } from '../../src/api/tools.ts';
import { keysOf, shardPrefix } from '../../src/contracts/keys.ts';
import { defaultPool } from '../../src/contracts/pool.ts';
import { type Flow, openFlow } from '../../src/flow/flow.ts';
import type { Store } from '../../src/journal/store.ts';
import { whyRefused } from '../../src/outbound/address-policy.ts';
import { openHttp } from '../../src/outbound/http.ts';
import { agentOfCard } from '../../src/registry/card-registration.ts';
import { openChangeReader } from '../../src/registry/change-reader.ts';
import { openRegistry, type Registry } from '../../src/registry/registry.ts';
import { closeRedis, openRedis, type RedisRole } from '../../src/runtime/redis.ts';
import { openStreamReader } from '../../src/streams/run-stream.ts';
import { localPolicy } from './http.ts';

export type LogLine = { readonly level: string; readonly fields: object; readonly text: string };

/** The API on a port of its own, as an API process has it, without workers. */
export type TestApi = AsyncDisposable & {
  readonly url: string;
  readonly api: Api;
  readonly server: OpenServer;
  readonly store: Store;
  readonly flow: Flow;
  readonly registry: Registry;
  /** What was logged. */
  readonly lines: LogLine[];
};

export type TestApiOptions = Partial<ApiTools & Omit<ServerOptions, 'app'>>;

export async function openTestApi(redisUrl: string, options: TestApiOptions = {}): Promise<TestApi> {
  await using stack = new AsyncDisposableStack();
  const connect = (role: RedisRole) =>
    stack.adopt(
      openRedis(redisUrl, role, () => undefined),
      closeRedis,
    );
  const store = { redis: connect('request'), keys: keysOf(shardPrefix()) };
  const flow = openFlow(store, connect('request'));
  stack.defer(() => flow.close());
  const registry = openRegistry(store);
  const reader = stack.use(openStreamReader({ store, blockingRedis: connect('blocking') }));
  const agentHttp = stack.use(openHttp({ policy: localPolicy }));
  const lines: LogLine[] = [];
  const write = (level: string) => (fields: object, text: string) => void lines.push({ level, fields, text });
  const api = openApi({
    ...{ flow, registry, reader, model: null, admin: null, production: false, pool: defaultPool, boardQueues: [] },
    whyRefused: (url) => whyRefused(localPolicy, url),
    agentOfCard: (cardUrl, own) => agentOfCard(agentHttp, cardUrl, own),
    agentChanges: stack.use(openChangeReader({ store, blockingRedis: connect('blocking'), onError: () => undefined })),
    discovery: null,
    card: { url: 'http://127.0.0.1:4000', version: '0.0.0-test' },
    log: { info: write('info'), warn: write('warn'), error: write('error') },
    ...options,
  });
  const server = stack.use(await openServer({ host: '127.0.0.1', port: 0, drainMs: 1_000, ...options, app: api }));
  const opened = stack.move();
  return {
    url: server.url,
    api,
    server,
    store,
    flow,
    registry,
    lines,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
