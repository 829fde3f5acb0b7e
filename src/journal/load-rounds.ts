import { type Child, Round } from '../contracts/round.ts';
import type { Store } from './store.ts';

/** The field of a task's round in the run's `spawned` hash; task ids hold no ":". */
export function roundField(task: string, place: number): string {
  return place === 0 ? task : `${task}:${place}`;
}

/** Rounds that one look reads: most tasks have fewer. */
const AT_ONCE = 16;

/** The rounds of one task, in order. */
export async function loadRounds({ redis, keys }: Store, run: string, task: string): Promise<readonly Round[]> {
  const rounds: Round[] = [];
  for (;;) {
    const fields = Array.from({ length: AT_ONCE }, (_, at) => roundField(task, rounds.length + at));
    const texts = await redis.hmget(keys.run(run).spawned, ...fields);
    const found = texts.filter((text) => text !== null);
    rounds.push(...found.map((text) => Round.parse(JSON.parse(text))));
    if (found.length < AT_ONCE) return rounds;
  }
}

/** The children of all tasks of a run that have some, by that task and in the order in which they were added. */
export async function loadSpawned({ redis, keys }: Store, run: string): Promise<ReadonlyMap<string, readonly Child[]>> {
  const rounds = Object.entries(await redis.hgetall(keys.run(run).spawned)).map(([field, text]) => {
    const [task = '', place = '0'] = field.split(':');
    return { task, place: Number(place), children: Round.parse(JSON.parse(text)).children };
  });
  const byTask = Map.groupBy(
    rounds.toSorted((left, right) => left.place - right.place),
    ({ task }) => task,
  );
  return new Map([...byTask].map(([task, list]) => [task, list.flatMap(({ children }) => children)]));
}
