import type { EventDraft } from '../contracts/event.ts';
import type { Keys } from '../contracts/keys.ts';
import { defaults } from '../contracts/limits.ts';
import type { Plan } from '../contracts/plan.ts';
import type { TaskResult } from '../contracts/result.ts';
import type { Child, Round } from '../contracts/round.ts';
import type { ModeDecision, RunOptions } from '../contracts/run-options.ts';
import { type SessionPlace, sessionLimits } from '../contracts/session.ts';
import type { PinnedPlan } from '../contracts/stored-plan.ts';
import { eventArgs } from './event-codec.ts';
import { runScript } from './script.ts';
import { loadSessionScript } from './session-script.ts';
import type { Store } from './store.ts';

const script = loadSessionScript(new URL('./create.lua', import.meta.url));

export type NewRun = {
  readonly run: string;
  readonly query: string;
  readonly plan: Plan | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly idempotency: KeyDigests | undefined;
  readonly options: RunOptions;
  readonly event: EventDraft;
  readonly fork?: ForkSeed | undefined;
  readonly session?: SessionPlace | undefined;
  /** The stored plan that `plan` is. */
  readonly planRef?: PinnedPlan | undefined;
};

/** Digests of a client's key and of the body it came with; whose key it is. */
export type KeyDigests = { readonly owner: string; readonly keyDigest: string; readonly bodyDigest: string };

/** What a fork begins with. */
export type ForkSeed = {
  readonly from: string;
  /** In the plan's order. */
  readonly reused: readonly TaskResult[];
  /** Children of re-used map tasks, by map task, and the results that these have. */
  readonly lists: ReadonlyMap<string, readonly Child[]>;
  readonly items: readonly TaskResult[];
  /** How the order of its plan was decided; null when it was not, or for the plain DAG. */
  readonly mode: ModeDecision | null;
};

/**
 * `accepted` is a new run, `repeated` the one that this key and body made before, `conflict` the one made with another body;
 * `gone`: there is nothing of what was to be forked; `busy`: this run of its session has not ended; `crowded`: too many have not.
 */
export type Accepted = {
  readonly outcome: 'accepted' | 'repeated' | 'conflict' | 'gone' | 'busy' | 'crowded';
  readonly run: string;
};

/** Writes a run's record together with run.created, so that no reader is ever too early. Repeating it is harmless. */
export async function createRun({ redis, keys }: Store, input: NewRun): Promise<Accepted> {
  const { idempotency, fork, session } = input;
  const inSession = keys.session(session?.id ?? '');
  const run = keys.run(input.run);
  const idempotencyKey = keys.idempotency(idempotency?.owner ?? '', idempotency?.keyDigest ?? '');
  const reply = await runScript(redis, script, {
    keys: [
      ...[run.run, run.events, keys.runs, idempotencyKey, keys.openRuns, run.results],
      ...[inSession.runs, inSession.open],
      ...(fork === undefined ? [] : [run.spawned, keys.run(fork.from).run, keys.run(fork.from).results]),
    ],
    args: [
      input.run,
      idempotency?.bodyDigest ?? '',
      defaults.idempotencyTtlMs,
      'queued',
      input.query,
      input.plan === undefined ? '' : JSON.stringify(input.plan),
      JSON.stringify(input.metadata),
      ...eventArgs(input.event),
      JSON.stringify(input.options),
      input.options.deadline_ms ?? '',
      ...forkHead(keys, input),
      ...[session === undefined ? '' : JSON.stringify(session), sessionLimits.openRuns, sessionLimits.runs],
      input.planRef === undefined ? '' : JSON.stringify(input.planRef),
      ...forkArgs(input),
    ],
  });
  const [code, id] = reply as [number, string]; // the script returns nothing else
  return { outcome: outcomes.get(code) ?? 'conflict', run: id };
}

const outcomes: ReadonlyMap<number, Accepted['outcome']> = new Map([
  [1, 'accepted'],
  [0, 'repeated'],
  [-1, 'conflict'],
  [-2, 'gone'],
  [-3, 'busy'],
  [-4, 'crowded'],
]);

function forkHead(keys: Keys, { run, fork }: NewRun): readonly (string | number)[] {
  if (fork === undefined) return ['', '', '', '', 0, 0];
  const { from, reused, lists, mode } = fork;
  const record = JSON.stringify({ from, reused: reused.map((result) => result.task_id) });
  return [
    ...[record, mode === null ? '' : JSON.stringify(mode), keys.run(from).text(''), keys.run(run).text('')],
    ...[reused.length, lists.size],
  ];
}

function forkArgs({ run, fork }: NewRun): readonly string[] {
  if (fork === undefined) return [];
  const { from, reused, lists, items } = fork;
  return [
    ...reused.flatMap(({ task_id, agent_id, status }) => [task_id, agent_id, JSON.stringify({ status, from })]),
    ...[...lists].flatMap(([map, children]) => [
      map,
      JSON.stringify({ children: children.map((child) => adopted(child, run, from)), note: null } satisfies Round),
    ]),
    ...items.map((result) => result.task_id),
  ];
}

/** Job ids begin with their run's: as it stands the child would name a job of the old run, which is not this one's to remove. */
function adopted({ task, job }: Child, run: string, from: string): Child {
  return { task, job: { ...job, id: run + job.id.slice(from.length) } };
}
