import { fileURLToPath } from 'node:url';
import type { Capability } from '../../src/contracts/agent.ts';
import { loadConfig } from '../../src/runtime/config.ts';
import type { Lifecycle } from '../../src/runtime/lifecycle.ts';
import { openLog } from '../../src/runtime/logging.ts';
import { startWorker } from '../../src/workers/main.ts';

export const scriptedAgents = fileURLToPath(new URL('./agents/scripted.ts', import.meta.url));

export type TestWorkerOptions = {
  readonly redisUrl: string;
  readonly agents?: readonly string[];
  readonly capabilities?: readonly Capability[];
  readonly concurrency?: number;
  readonly env?: Readonly<Record<string, string>>;
};

/** A whole worker in this process, assembled as `baton worker` does; dispose closes it as a SIGTERM would. */
export async function startTestWorker({ redisUrl, env = {}, ...options }: TestWorkerOptions): Promise<AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const life: Lifecycle = {
    stopping: new AbortController().signal,
    use: (_name, resource) => stack.use(resource),
    stop: () => undefined,
  };
  // Agents of most tests fail on purpose, and shall be called again at once: what breakers do has tests of its own.
  const calm = { BATON_LOG_LEVEL: 'silent', BATON_AGENT_WAIT_MS: '300', BATON_BREAKER_FAILURES: '1000000' };
  // Tests ask the same query with other answers of the model: what the cache of plans does has tests of its own.
  const forgetful = { BATON_PLAN_CACHE_TTL_MS: '0' };
  const config = loadConfig({ ...calm, ...forgetful, ...env });
  const log = openLog({ level: 'silent', name: 'test worker' });
  await startWorker({ config, log, life, options: { redisUrl, agents: [scriptedAgents], ...options } });
  return stack;
}
