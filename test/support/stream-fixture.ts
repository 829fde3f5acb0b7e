import { randomUUID } from 'node:crypto';
import type { EventDraft, StreamEvent } from '../../src/contracts/event.ts';
import { rootEvent } from '../../src/contracts/root-event.ts';
import { appendEvents } from '../../src/journal/append.ts';
import { claimTask } from '../../src/journal/claim.ts';
import { closeRun } from '../../src/journal/close.ts';
import { decodeEntry } from '../../src/journal/event-codec.ts';
import type { Store } from '../../src/journal/store.ts';

/** Claims a task for a new attempt, with its task.started; returns the epoch. */
export async function beginTask(store: Store, run: string, task: string): Promise<number> {
  const claim = await claimTask(store, {
    run,
    task,
    token: randomUUID(),
    dependencies: [],
    needed: 0,
    announce: [{ name: 'task.started', agent_id: 'poet', data: '', detail: { worker: 'w' } }],
  });
  if (!('epoch' in claim)) throw new Error(`task ${task} is ${claim.state}`);
  return claim.epoch;
}

export type Writing = { readonly run: string; readonly task: string; readonly epoch: number; readonly first: number };

/** Appends tokens of one attempt, `first` being the number of the first one. */
export async function writeTokens(store: Store, at: Writing, texts: readonly string[]): Promise<void> {
  const events = texts.map(
    (data): EventDraft => ({
      name: 'task.token',
      task_id: at.task,
      agent_id: 'poet',
      attempt: at.epoch,
      data,
      detail: {},
    }),
  );
  const outcome = await appendEvents(store, { ...at, events });
  if (outcome !== 'written') throw new Error(`the append came back as ${outcome}`);
}

/** Ends a run with run.completed. */
export async function endRun(store: Store, run: string): Promise<void> {
  await closeRun(store, {
    run,
    closer: 'test',
    epoch: undefined,
    status: 'completed',
    events: [rootEvent(0, { name: 'run.completed', data: '', detail: { partial: false, warnings: [], usage: null } })],
  });
}

/** All events that lie in a run's stream: what readers are compared with. */
export async function storedEvents({ redis, keys }: Store, run: string): Promise<readonly StreamEvent[]> {
  const entries = await redis.xrange(keys.run(run).events, '-', '+');
  return entries.map((entry) => decodeEntry(run, entry));
}

/** The texts of the tokens among events, joined. */
export function tokenText(events: readonly StreamEvent[]): string {
  return events
    .filter(({ name }) => name === 'task.token')
    .map(({ data }) => data)
    .join('');
}

export type Batch = { readonly run: string; readonly task: string; readonly epoch: number };

/** Writes `count` numbered tokens in appends of 1 to 7, one after another, then ends the run. */
export async function writeRun(store: Store, at: Batch, count: number): Promise<void> {
  for (let next = 0; next < count; ) {
    const size = Math.min(1 + (next % 7), count - next);
    const texts = Array.from({ length: size }, (_, i) => `${next + i} `);
    await writeTokens(store, { ...at, first: next + 1 }, texts);
    next += size;
  }
  await endRun(store, at.run);
}
