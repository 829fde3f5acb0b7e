import { ResultEnvelope, type TaskOutcome, type TaskResult } from '../contracts/result.ts';
import { toResult } from './result-codec.ts';
import type { Store } from './store.ts';

/** No task's: what only asks how tasks stand needs none of the long texts, which may be more than a process can hold. */
export const noTexts: ReadonlySet<string> = new Set();

/** Reads a run's results by task id. Long texts of tasks that are not `wanted` stay empty; undefined wants all. */
export async function loadResults(
  store: Store,
  run: string,
  wanted?: ReadonlySet<string>,
): Promise<ReadonlyMap<string, TaskResult>> {
  const envelopes = Object.values(await store.redis.hgetall(store.keys.run(run).results));
  return withTexts({ store, run, wanted }, envelopes);
}

/** The same, of these tasks only, with all texts; those without a result are left out. */
export function loadResultsOf(
  store: Store,
  run: string,
  tasks: readonly string[],
): Promise<ReadonlyMap<string, TaskResult>> {
  return readResultsOf({ store, run, wanted: undefined }, tasks);
}

/** The same without long texts, which stay empty. */
export function loadHeadsOf(
  store: Store,
  run: string,
  tasks: readonly string[],
): Promise<ReadonlyMap<string, TaskResult>> {
  return readResultsOf({ store, run, wanted: noTexts }, tasks);
}

/** How these tasks have ended; those without a result are left out. */
export async function loadOutcomesOf(
  store: Store,
  run: string,
  tasks: readonly string[],
): Promise<ReadonlyMap<string, TaskOutcome>> {
  const results = await readResultsOf({ store, run, wanted: noTexts }, tasks);
  return new Map([...results].map(([task, { status }]) => [task, status]));
}

/** Which agents gave the results of these tasks; those that did not complete are left out. */
export async function loadAgentsOf(
  store: Store,
  run: string,
  tasks: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const results = await readResultsOf({ store, run, wanted: noTexts }, tasks);
  return new Map(
    [...results].flatMap(([task, { status, agent_id }]) => (status === 'completed' ? [[task, agent_id]] : [])),
  );
}

type Reading = { readonly store: Store; readonly run: string; readonly wanted: ReadonlySet<string> | undefined };

async function readResultsOf(reading: Reading, tasks: readonly string[]): Promise<ReadonlyMap<string, TaskResult>> {
  if (tasks.length === 0) return new Map();
  const { store, run } = reading;
  const found = await store.redis.hmget(store.keys.run(run).results, ...tasks);
  const envelopes = found.filter((envelope) => envelope !== null);
  return withTexts(reading, envelopes);
}

async function withTexts(
  { store, run, wanted }: Reading,
  encoded: readonly string[],
): Promise<ReadonlyMap<string, TaskResult>> {
  const { redis, keys } = store;
  const envelopes = encoded.map((envelope) => ResultEnvelope.parse(JSON.parse(envelope)));
  const ofReference = envelopes.filter((envelope) => envelope.by_reference).map((envelope) => envelope.task_id);
  const long = ofReference.filter((task) => wanted?.has(task) ?? true);
  const found = long.length === 0 ? [] : await redis.mget(long.map(keys.run(run).text));
  const textOf = new Map(long.map((task, index) => [task, found[index] ?? null]));
  return new Map(
    envelopes.map((envelope) => [envelope.task_id, toResult(envelope, textOf.get(envelope.task_id) ?? null)]),
  );
}
