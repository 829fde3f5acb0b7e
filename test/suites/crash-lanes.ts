// Several crashes at once, each on a Redis of its own: most of a try is waiting for what finds the dead.
import { afterAll, beforeAll } from 'vitest';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { openTestStore, type TestStore } from '../support/store.ts';

/** Where one crash at a time is tried. */
export type Place = { readonly redis: TestRedis; readonly opened: TestStore };

/** Opens one before the tests of a file and closes it after them; it is there when they run. */
export function useCrashPlace(): () => Place {
  const stack = new AsyncDisposableStack();
  let place: Place | undefined;
  beforeAll(async () => {
    place = await openPlace(stack);
  });
  afterAll(() => stack.disposeAsync());
  return () => {
    if (place === undefined) throw new Error('the place of the crashes is there when the tests run');
    return place;
  };
}

/** Which places a sample tries: one in so many, other ones for each seed. All of them with EVERY_PLACE=1 in the environment. */
export function samplePlaces(oneIn: number, seed: number): (point: number) => boolean {
  return (point) => process.env.EVERY_PLACE === '1' || (point + seed) % oneIn === 0;
}

/** Milliseconds that the sample, or every place, may take. */
export const SAMPLE_MS = process.env.EVERY_PLACE === '1' ? 1_800_000 : 180_000;

const LANES = 4;
/** A lane for fewer is not worth its Redis, on which nobody is taken over from in its first seconds. */
const TRIES_PER_LANE = 3;

export type Lanes = AsyncDisposable & { readonly places: readonly Place[] };

/** As many as so many tries are worth. The first is `place`, which stays the caller's. */
export async function openLanes(place: Place, tries: number): Promise<Lanes> {
  await using stack = new AsyncDisposableStack();
  const more = Math.min(LANES, Math.ceil(tries / TRIES_PER_LANE)) - 1;
  const others = await Promise.all(Array.from({ length: Math.max(0, more) }, () => openPlace(stack)));
  const opened = stack.move();
  return { places: [place, ...others], [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function openPlace(stack: AsyncDisposableStack): Promise<Place> {
  const redis = stack.use(await startTestRedis());
  return { redis, opened: stack.use(openTestStore(redis.url)) };
}

/** Each lane tries the next point that nobody has begun; gives how many were. After a failure no more are begun, and it is thrown when all lanes rest. */
export async function tryAll(
  lanes: readonly Place[],
  points: readonly number[],
  tryOne: (lane: Place, point: number) => Promise<unknown>,
): Promise<number> {
  const left = [...points];
  let tried = 0;
  const work = async (lane: Place): Promise<void> => {
    for (let point = left.shift(); point !== undefined; point = left.shift()) {
      await tryOne(lane, point);
      tried += 1;
    }
  };
  const stop = (thrown: unknown): never => {
    left.length = 0;
    throw thrown;
  };
  const outcomes = await Promise.allSettled(lanes.map((lane) => work(lane).catch(stop)));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return tried;
}
