import type { EventDraft } from '../contracts/event.ts';
import { limits } from '../contracts/limits.ts';
import { ResultEnvelope, type TaskResult } from '../contracts/result.ts';
import { Stop } from '../contracts/run.ts';
import { eventArgs } from './event-codec.ts';
import { toResult } from './result-codec.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./claim.lua', import.meta.url));

/** An event that gets its task and epoch from the claim. */
export type Announcement = EventDraft extends infer E
  ? E extends EventDraft
    ? Pick<E, 'name' | 'agent_id' | 'data' | 'detail'>
    : never
  : never;

export type ClaimInput = {
  readonly run: string;
  readonly task: string;
  /** Unique to this attempt: the same claim sent twice is one. */
  readonly token: string;
  /** Those that must have completed first; else the claim comes back as `blocked`. */
  readonly dependencies: readonly string[];
  /** How many of the first dependencies must have completed; -1 when the task may not start, whatever they did. */
  readonly needed: number;
  /** Each text may have all bytes of a claim: whoever asks has measured them. Otherwise they share them. */
  readonly wholeInputs?: boolean;
  /** What is said with a new epoch: task.started first. Empty for an attempt that nobody hears of. */
  readonly announce: readonly Announcement[];
};

/** What a claim found. Every state but `settled` and `paused` has made this attempt the task's only writer. */
export type Claim =
  | { readonly state: 'settled'; readonly result: TaskResult }
  | { readonly state: 'paused' }
  | {
      readonly state: 'started' | 'blocked' | 'stopped' | 'closed';
      readonly epoch: number;
      /** Milliseconds of the task's time that are spent, by Redis's clock: not those of a pause, nor of a worker that died or stopped. */
      readonly elapsedMs: number;
      /** Agents whose calls for this task have failed, oldest first; one that failed twice stands twice. */
      readonly failedAgents: readonly string[];
      /** Milliseconds for which one of them asked to be left alone, still. */
      readonly restMs: number;
      /** By dependency; undefined where no result is recorded. Empty for a run that is told to stop. */
      readonly inputs: ReadonlyMap<string, TaskResult | undefined>;
      /** Why the run was told to stop; undefined in every other state than `stopped`. */
      readonly stop: Stop | undefined;
    };

/** A claim that owns its task. */
export type OwnedClaim = Extract<Claim, { readonly epoch: number }>;

/** Begins an attempt (guarantees: claim). One round trip: epoch, task.started, whether the run is told to stop, and the dependencies' results. */
export async function claimTask({ redis, keys }: Store, input: ClaimInput): Promise<Claim> {
  const run = keys.run(input.run);
  const reply = await runScript(redis, script, {
    keys: [run.run, run.tasks, run.results, run.events, ...input.dependencies.map(run.text)],
    args: [
      input.task,
      input.token,
      input.needed,
      Math.floor(limits.contextBytes / (input.wholeInputs ? 1 : Math.max(1, input.dependencies.length))),
      input.announce.length,
      ...input.announce.flatMap(eventArgs),
      ...input.dependencies,
    ],
  });
  return parseClaim(reply as ClaimReply, input.dependencies); // the script returns nothing else
}

type ClaimReply = [
  ...[state: Claim['state'], epoch: number, started: number, now: number, failures: string, until: number],
  ...string[],
];

function parseClaim(
  [state, epoch, started, now, failures, until, ...rest]: ClaimReply,
  dependencies: readonly string[],
): Claim {
  if (state === 'settled') return { state, result: toResult(ResultEnvelope.parse(JSON.parse(rest[0] ?? '')), null) };
  if (state === 'paused') return { state };
  const isStopped = state === 'stopped';
  return {
    state,
    epoch,
    elapsedMs: now - started,
    failedAgents: failures === '' ? [] : failures.split(','),
    restMs: Math.max(0, until - now),
    stop: isStopped ? Stop.parse(JSON.parse(rest[0] ?? '')) : undefined,
    inputs: new Map(
      (isStopped ? [] : dependencies).map((id, index) => [id, input(rest[2 * index], rest[2 * index + 1])]),
    ),
  };
}

function input(envelope: string | undefined, text: string | undefined): TaskResult | undefined {
  if (envelope === undefined || envelope === '') return undefined;
  return toResult(ResultEnvelope.parse(JSON.parse(envelope)), text ?? null);
}
