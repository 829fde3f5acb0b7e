// Attempts that were overtaken and go on writing, beside the one that owns their task: guarantees I9.
import { expect } from 'vitest';
import { BatonError } from '../../src/contracts/error.ts';
import { ROOT_TASK } from '../../src/contracts/ids.ts';
import { rootEvent } from '../../src/contracts/root-event.ts';
import { RunOptions } from '../../src/contracts/run-options.ts';
import { askHuman } from '../../src/flow/ask.ts';
import { settleTask } from '../../src/flow/settle.ts';
import { appendEvents } from '../../src/journal/append.ts';
import { closeRun } from '../../src/journal/close.ts';
import { failAttempt } from '../../src/journal/fail-attempt.ts';
import { recordRound } from '../../src/journal/record-round.ts';
import { reserve } from '../../src/journal/reserve.ts';
import { planOf } from '../support/plans.ts';
import { claim, playTokens, resultOf } from '../support/played-run.ts';
import { createTestRun, eventsOf, type TestStore } from '../support/store.ts';

type Attempt = { readonly opened: TestStore; readonly run: string; readonly task: string; readonly epoch: number };

/** Every kind of write that belongs to an attempt; each throws, or says what became of it. */
const writes: Readonly<Record<string, (attempt: Attempt) => Promise<unknown>>> = {
  token: ({ opened, run, task, epoch }) => {
    const event = {
      name: 'task.token',
      task_id: task,
      agent_id: 'x',
      attempt: epoch,
      data: 'late',
      detail: {},
    } as const;
    return appendEvents(opened.store, { run, task, epoch, first: 1, events: [event] });
  },
  failure: ({ opened, run, task, epoch }) =>
    failAttempt(opened.store, { run, task, epoch, agents: ['x'], error: new BatonError('internal'), delayMs: 0 }),
  question: ({ opened, run, task, epoch }) => {
    const job = { queue: 'cap-custom', id: `${run}.0` };
    const asking = {
      run,
      task,
      epoch,
      job,
      subject: 'input',
      content: 'late?',
      approval: undefined,
      edit: 'text',
    } as const;
    return askHuman(opened.flow, asking);
  },
  children: ({ opened, run, task, epoch }) =>
    recordRound(opened.store, { run, task, epoch, place: 0, round: { children: [], note: null } }),
  money: ({ opened, run, task, epoch }) =>
    reserve(opened.store, { run, task, epoch, call: `late-${epoch}`, estimate: { tokens: 1, cost: 0 } }),
  result: ({ opened, run, task, epoch }) => {
    const result = resultOf(task, { response: 'late', attempts: epoch, fails: false });
    const job = { queue: 'cap-custom', id: `${run}.0` };
    return settleTask(opened.store, { run, epoch, result, events: [], job, edges: [], tree: false, stop: undefined });
  },
  end: async ({ opened, run }) => {
    const stale = await claim(opened.store, run, ROOT_TASK);
    await claim(opened.store, run, ROOT_TASK);
    const events = [
      rootEvent(stale, { name: 'run.completed', data: '', detail: { partial: false, warnings: [], usage: null } }),
    ];
    return closeRun(opened.store, { run, closer: 'root', epoch: stale, status: 'completed', response: 'late', events });
  },
};

/** What a refused write comes back as. */
const refusals: readonly unknown[] = ['stale', undefined, 'lock_lost'];

export type Zombies = { readonly written: number; readonly accepted: readonly string[] };

/**
 * In each of `cases` runs a first attempt speaks, is overtaken, and then sends every kind of write, in any order and all at once,
 * while its successor speaks and settles. Names the writes that were accepted, and checks what the run has of them.
 */
export async function writeTooLate(opened: TestStore, cases: number, random: () => number): Promise<Zombies> {
  const accepted: string[] = [];
  for (let index = 0; index < cases; index += 1) accepted.push(...(await haunt(opened, random)));
  return { written: cases * Object.keys(writes).length, accepted };
}

async function haunt(opened: TestStore, random: () => number): Promise<readonly string[]> {
  const { store } = opened;
  const run = await createTestRun(store, planOf({ a: {} }), RunOptions.parse({ budget: { max_tokens: 1_000 } }));
  const first = await claim(store, run, 'a');
  await playTokens(store, { run, task: 'a', epoch: first, tokens: ['early'] });
  const epoch = await claim(store, run, 'a');
  const order = Object.entries(writes).toSorted(() => random() - 0.5);
  const late = order.map(async ([kind, write]) => {
    const outcome: unknown = await write({ opened, run, task: 'a', epoch: first }).catch((error) => error.code);
    return refusals.includes(outcome) ? [] : [`${kind}: ${String(outcome)}`];
  });
  await playTokens(store, { run, task: 'a', epoch, tokens: ['mine', ' only'] });
  const accepted = (await Promise.all(late)).flat();
  const { redis, keys } = store;
  const names = keys.run(run);
  expect(await Promise.all([names.spawned, names.asks, names.budget].map((key) => redis.hlen(key)))).toEqual([0, 0, 0]);
  await writes.result?.({ opened, run, task: 'a', epoch });
  expect(JSON.parse((await redis.hget(names.results, 'a')) ?? '{}')).toMatchObject({ attempts: epoch });
  expect(await redis.hget(names.run, 'terminal')).toBeNull();
  const spoken = (await eventsOf(store, run)).filter(({ name }) => name === 'task.token');
  expect(spoken.map(({ attempt, data }) => [attempt, data])).toEqual([
    [first, 'early'],
    [epoch, 'mine'],
    [epoch, ' only'],
  ]);
  return accepted;
}
