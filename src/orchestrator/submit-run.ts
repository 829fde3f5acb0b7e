import { createHash } from 'node:crypto';
import { BatonError, faultyError } from '../contracts/error.ts';
import type { EventDraft } from '../contracts/event.ts';
import type { Plan } from '../contracts/plan.ts';
import { rootEvent } from '../contracts/root-event.ts';
import type { RunRequest, RunStatus } from '../contracts/run.ts';
import type { RunOptions } from '../contracts/run-options.ts';
import { type SessionPlace, sessionLimits } from '../contracts/session.ts';
import type { StoredPlan } from '../contracts/stored-plan.ts';
import type { Flow } from '../flow/flow.ts';
import { addRunJob } from '../flow/run-jobs.ts';
import { type Accepted, createRun, type KeyDigests, type NewRun } from '../journal/create.ts';
import { findAccepted } from '../journal/find-accepted.ts';
import { loadHead, loadRecord } from '../journal/load-run.ts';
import { faultyPoints } from '../plan/interrupts.ts';
import { jobPriority } from '../plan/priority.ts';
import { validatePlan } from '../plan/validate.ts';
import { loadTemplateFaults } from './check-templates.ts';
import { newRunId } from './run-id.ts';
import { takeTurn } from './session-turn.ts';
import { findPlan } from './stored-plans.ts';

/** A client's Idempotency-Key, whose it is, and the body it came with. */
export type Idempotency = { readonly owner: string; readonly key: string; readonly body: string };

export type Submitted = { readonly run: string; readonly status: RunStatus };

/**
 * Accepts a run: journal first, then the job that plans it. The same key and body give the same run, also while it runs; another
 * body throws idempotency_conflict, a plan with faults invalid_plan, a stored one that is not there plan_not_found, a session that is
 * busy session_busy. A caller that got no answer may simply call again.
 */
export async function submitRun(flow: Flow, request: RunRequest, idempotency?: Idempotency): Promise<Submitted> {
  const { plan_ref: ref, metadata, strategy = request.options.strategy } = request;
  const options = strategy === undefined ? request.options : { ...request.options, strategy };
  // First: the stored plan may have been deleted, or have another version, since.
  const repeated = ref && idempotency && (await repeatedRun(flow, idempotency));
  if (repeated !== undefined) return repeated;
  const stored = ref && (await findPlan(flow.store, ref));
  const plan = request.plan ?? stored?.plan;
  await rejectFaultyPlan(flow, { plan, field: stored === undefined ? 'plan' : 'plan_ref' });
  rejectFaultyPoints({ plan, options });
  const query = request.query ?? plan?.original_query ?? '';
  return acceptRun(flow, { query, plan, metadata, options, ...placeOf(request), ...pinOf(stored) }, idempotency);
}

function placeOf({ session_id: id, on_busy = 'reject' }: RunRequest): { session?: SessionPlace } {
  return id === undefined ? {} : { session: { id, on_busy } };
}

function pinOf(stored: StoredPlan | undefined): Pick<Acceptance, 'planRef'> {
  return stored === undefined ? {} : { planRef: { name: stored.name, version: stored.version } };
}

/** A run that is to be accepted as it is. */
export type Acceptance = Pick<NewRun, 'query' | 'plan' | 'metadata' | 'options' | 'fork' | 'session' | 'planRef'>;

/** Writes an accepted run, and adds the jobs that carry it out. */
export async function acceptRun(flow: Flow, accepted: Acceptance, idempotency?: Idempotency): Promise<Submitted> {
  const { query, plan, options, session = null } = accepted;
  const { outcome, run } = await createRun(flow.store, {
    ...accepted,
    run: newRunId(),
    idempotency: idempotency && digests(idempotency),
    event: created(query, plan !== undefined),
  });
  if (outcome !== 'accepted' && outcome !== 'repeated') throw refusal(outcome, run);
  const status = outcome === 'accepted' ? 'queued' : ((await loadHead(flow.store, run))?.status ?? 'queued');
  return begin(flow, { run, status }, { options, session });
}

/** The run that this key and body made before; undefined when they are new. Throws idempotency_conflict for another body. */
export async function repeatedRun(flow: Flow, idempotency: Idempotency): Promise<Submitted | undefined> {
  const found = await findAccepted(flow.store, digests(idempotency));
  if (found?.outcome === 'conflict') throw new BatonError('idempotency_conflict');
  const record = found && (await loadRecord(flow.store, found.run));
  return record && begin(flow, { run: found.run, status: record.status }, record);
}

/** A repeat may come because the first caller died right here: the jobs' ids make a second add harmless. */
async function begin(
  flow: Flow,
  submitted: Submitted,
  { options, session }: { readonly options: RunOptions; readonly session: SessionPlace | null },
): Promise<Submitted> {
  const { run, status } = submitted;
  if (status !== 'queued') return submitted;
  const { deadline_ms: delayMs, priority } = options;
  if (delayMs !== undefined) await addRunJob(flow, 'deadline', { run, delayMs });
  if (session !== null && (await takeTurn(flow, run, session))) return submitted;
  await addRunJob(flow, 'plan', { run, priority: jobPriority(priority, 0) });
  return submitted;
}

function refusal(outcome: Exclude<Accepted['outcome'], 'accepted' | 'repeated'>, run: string): BatonError {
  switch (outcome) {
    case 'conflict':
      return new BatonError('idempotency_conflict');
    case 'gone':
      return new BatonError('run_not_found');
    case 'busy':
      return new BatonError('session_busy', `Run ${run} of this session has not ended.`);
    case 'crowded':
      return new BatonError(
        'session_busy',
        `${sessionLimits.openRuns} runs of this session have not ended: no more may wait.`,
      );
    default:
      return outcome satisfies never;
  }
}

type GivenPlan = { readonly plan: Plan | undefined; readonly field: 'plan' | 'plan_ref' };

async function rejectFaultyPlan({ store }: Flow, { plan, field }: GivenPlan): Promise<void> {
  const faults = plan === undefined ? [] : [...validatePlan(plan), ...(await loadTemplateFaults(store, plan))];
  if (faults.length === 0) return;
  throw faultyError(
    'invalid_plan',
    faults.map((fault) => ({ ...fault, path: `${field}.${fault.path}` })),
  );
}

/** A planner's tasks are not known before: of a query, points that name no task in the end become warnings. */
function rejectFaultyPoints({ plan, options }: Pick<RunRequest, 'plan' | 'options'>): void {
  const faults = plan === undefined ? [] : faultyPoints(plan, options);
  if (faults.length > 0) throw faultyError('invalid_request', faults);
}

function created(query: string, planned: boolean): EventDraft {
  return rootEvent(0, { name: 'run.created', data: 'Starting orchestration...', detail: { query, planned } });
}

function digests({ owner, key, body }: Idempotency): KeyDigests {
  const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');
  return { owner, keyDigest: digest(key), bodyDigest: digest(body) };
}
