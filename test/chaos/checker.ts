// The outside checker: it reads the API, the event streams and the agents' log, and knows nothing of Redis.
import { openClient } from '../../src/client/client.ts';
import { isTerminalEvent, type StreamEvent } from '../../src/contracts/event.ts';
import { foldEvents } from '../../src/contracts/fold.ts';
import { isTerminal } from '../../src/contracts/run.ts';
import { violationsOf } from '../support/reference-scheduler.ts';
import type { Call } from './agents.ts';
import type { Cluster } from './cluster.ts';
import { type Accepted, insist } from './load.ts';
import type { Fault } from './nemesis.ts';

/** Faults have stopped: all runs must have ended within this. */
const HEAL_MS = 90_000;
/** A call that was under way when the cancel came may have begun so much later. */
const CANCEL_GRACE_MS = 2_000;

export type Report = {
  readonly accepted: number;
  readonly ended: number;
  readonly recordedTwice: number;
  readonly staleAccepted: number;
  readonly extraCalls: number;
  readonly calls: number;
  readonly callsAfterCancel: number;
  readonly streamsRead: number;
  /** ms from the kill of a worker to the next attempt of what it did. */
  readonly recoveries: readonly number[];
  /** Everything that may not be, in words. */
  readonly violations: readonly string[];
};

export type Evidence = {
  readonly cluster: Cluster;
  readonly accepted: readonly Accepted[];
  readonly calls: readonly Call[];
  readonly faults: readonly Fault[];
};

/** Waits until all accepted runs have ended, and judges each. */
export async function check({ cluster, accepted, calls, faults }: Evidence): Promise<Report> {
  const deadline = Date.now() + HEAL_MS;
  const judged = [];
  for (const each of accepted) judged.push(await judge(cluster, each, deadline));
  const callsOfTask = Map.groupBy(calls, ({ key }) => key);
  const kills = faults.filter(({ kind }) => kind === 'kill -9 worker').map(({ at }) => at);
  const late = accepted.flatMap(({ run, cancelledAt }) =>
    calls.filter(
      ({ key, beganAt }) => cancelledAt !== undefined && key.startsWith(run) && beganAt > cancelledAt + CANCEL_GRACE_MS,
    ),
  );
  return {
    accepted: accepted.length,
    ended: judged.filter(({ hasEnded }) => hasEnded).length,
    recordedTwice: sum(judged.map(({ twice }) => twice)),
    staleAccepted: sum(judged.map(({ stale }) => stale)),
    calls: calls.length,
    extraCalls: sum([...callsOfTask.values()].map((each) => each.length - 1)),
    callsAfterCancel: late.length,
    streamsRead: accepted.filter(({ read }) => read !== undefined).length,
    recoveries: judged.flatMap(({ events }) => recoveriesOf(events, kills)),
    violations: judged.flatMap(({ run, violations }) => violations.map((violation) => `${run}: ${violation}`)),
  };
}

type Judged = {
  readonly run: string;
  readonly hasEnded: boolean;
  readonly twice: number;
  readonly stale: number;
  readonly events: readonly StreamEvent[];
  readonly violations: readonly string[];
};

async function judge(cluster: Cluster, { run, plan, cancelledAt, read }: Accepted, deadline: number): Promise<Judged> {
  const signal = AbortSignal.timeout(Math.max(1_000, deadline - Date.now()));
  try {
    const view = await insist(cluster, (url) => openClient({ url }).wait(run, { signal }));
    const events = await insist(cluster, (url) => Array.fromAsync(openClient({ url }).stream(run, { signal })));
    const violations = [...endFaults(events), ...(cancelledAt === undefined ? violationsOf(plan, events) : [])];
    const texts = new Map(foldEvents(events).tasks.map(({ task_id, text }) => [task_id, text]));
    for (const { task_id, status, response } of view.results) {
      if (status === 'completed' && texts.get(task_id) !== response)
        violations.push(`${task_id}: the stream's text is not the recorded one`);
    }
    violations.push(...(await readFaults(read, events)));
    const reasons = view.results.flatMap(({ task_id, error }) =>
      error === null ? [] : [`${task_id} ${error.message}`],
    );
    if (violations.length > 0) violations.push(`what failed there: ${reasons.join('; ') || 'nothing'}`);
    return {
      run,
      hasEnded: isTerminal(view.status),
      twice: twiceIn(events),
      stale: staleIn(events),
      events,
      violations,
    };
  } catch (error) {
    const violation = `did not end, or could not be read: ${error instanceof Error ? error.message : error}`;
    return { run, hasEnded: false, twice: 0, stale: 0, events: [], violations: [violation] };
  }
}

function endFaults(events: readonly StreamEvent[]): string[] {
  const ends = events.filter(({ name }) => isTerminalEvent(name));
  return ends.length === 1 && ends[0] === events.at(-1) ? [] : [`${ends.length} ends, or something after the end`];
}

/** Who read live, over cuts and restarts, has what a replay has: each event once, in order. */
async function readFaults(read: Accepted['read'], events: readonly StreamEvent[]): Promise<readonly string[]> {
  if (read === undefined) return [];
  const ids = (list: readonly StreamEvent[]): string => list.map(({ id }) => id).join(' ');
  try {
    return ids(await read) === ids(events) ? [] : ['a live reader saw other events than a replay has'];
  } catch (error) {
    return [`a live reader was given up: ${error instanceof Error ? error.message : error}`];
  }
}

const outcomes: ReadonlySet<string> = new Set(['task.completed', 'task.failed', 'task.skipped']);
const spoken: ReadonlySet<string> = new Set(['task.token', 'task.message', 'task.completed', 'answer.token']);

function twiceIn(events: readonly StreamEvent[]): number {
  const tasks = events.filter(({ name }) => outcomes.has(name)).map(({ task_id }) => task_id);
  return tasks.length - new Set(tasks).size;
}

/** What an attempt said after a later one had begun. */
function staleIn(events: readonly StreamEvent[]): number {
  const latest = new Map<string, number>();
  let stale = 0;
  for (const { name, task_id, attempt } of events) {
    if (name === 'task.started') latest.set(task_id, attempt);
    else if (spoken.has(name) && attempt > 0 && attempt < (latest.get(task_id) ?? 0)) stale += 1;
  }
  return stale;
}

/** From the kill of a worker to the next attempt of each task that was under way then, of whose attempt nobody had said that it failed. */
function recoveriesOf(events: readonly StreamEvent[], kills: readonly number[]): readonly number[] {
  const began = new Map<string, number>();
  return events.flatMap(({ name, task_id, timestamp }) => {
    if (name !== 'task.started') {
      if (outcomes.has(name) || name === 'task.retrying') began.delete(task_id);
      return [];
    }
    const at = Date.parse(timestamp);
    const before = began.get(task_id) ?? at;
    began.set(task_id, at);
    const kill = kills.find((each) => each >= before && each <= at);
    return kill !== undefined && task_id !== 'root' ? [at - kill] : [];
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
