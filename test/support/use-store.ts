// A real Redis and a store for all tests of a file, or of a describe: what most integration tests begin with.
import { afterAll, beforeAll } from 'vitest';
import { startTestRedis, type TestRedis } from './redis.ts';
import { openTestStore, type TestStore } from './store.ts';

/** A test store once its tests run, with the Redis that it is on. */
export type UsedStore = Pick<TestStore, 'store' | 'flow' | 'connect'> & { readonly redis: TestRedis };

/**
 * Opens both before the tests and closes them after them. What a file opens on them in hooks of its own, below this call, is opened
 * later and closed before.
 */
export function useTestStore(): UsedStore {
  const stack = new AsyncDisposableStack();
  let redis: TestRedis | undefined;
  let opened: TestStore | undefined;
  beforeAll(async () => {
    redis = stack.use(await startTestRedis());
    opened = stack.use(openTestStore(redis.url));
  });
  afterAll(() => stack.disposeAsync());
  return {
    get redis() {
      return begun(redis);
    },
    get store() {
      return begun(opened).store;
    },
    get flow() {
      return begun(opened).flow;
    },
    connect: () => begun(opened).connect(),
  };
}

function begun<T>(value: T | undefined): T {
  if (value === undefined)
    throw new Error('the store of the tests is there when they run: ask for it in a hook or a test');
  return value;
}
