import { createHash } from 'node:crypto';
import { BatonError, faultyError } from '../contracts/error.ts';
import type { EventDraft } from '../contracts/event.ts';
import { rootEvent } from '../contracts/root-event.ts';
import type { RunRequest, RunStatus } from '../contracts/run.ts';
import type { RunOptions } from '../contracts/run-options.ts';
import type { Flow } from '../flow/flow.ts';
import { addRunJob } from '../flow/run-jobs.ts';
import { createRun, type KeyDigests, type NewRun } from '../journal/create.ts';
import { findAccepted } from '../journal/find-accepted.ts';
import { loadHead, loadRecord } from '../journal/load-run.ts';
import { faultyPoints } from '../plan/interrupts.ts';
import { jobPriority } from '../plan/priority.ts';
import { validatePlan } from '../plan/validate.ts';
import { loadTemplateFaults } from './check-templates.ts';
import { newRunId } from './run-id.ts';

/** A client's Idempotency-Key, whose it is, and the body it came with. */
export type Idempotency = { readonly owner: string; readonly key: string; readonly body: string };

export type Submitted = { readonly run: string; readonly status: RunStatus };

/**
 * Accepts a run: journal first, then the job that plans it. The same key and body give the same run, also while it runs; another
 * body throws idempotency_conflict, a plan with faults invalid_plan. A caller that got no answer may simply call again.
 */
export async function submitRun(flow: Flow, request: RunRequest, idempotency?: Idempotency): Promise<Submitted> {
  await rejectFaultyPlan(flow, request);
  rejectFaultyPoints(request);
  const query = request.query ?? request.plan?.original_query ?? '';
  const { plan, metadata, options } = request;
  return acceptRun(flow, { query, plan, metadata, options }, idempotency);
}

/** A run that is to be accepted as it is. */
export type Acceptance = Pick<NewRun, 'query' | 'plan' | 'metadata' | 'options' | 'fork'>;

/** Writes an accepted run, and adds the jobs that carry it out. */
export async function acceptRun(flow: Flow, accepted: Acceptance, idempotency?: Idempotency): Promise<Submitted> {
  const { query, plan, options } = accepted;
  const { outcome, run } = await createRun(flow.store, {
    ...accepted,
    run: newRunId(),
    idempotency: idempotency && digests(idempotency),
    event: created(query, plan !== undefined),
  });
  if (outcome === 'conflict') throw new BatonError('idempotency_conflict');
  if (outcome === 'gone') throw new BatonError('run_not_found');
  const status = outcome === 'accepted' ? 'queued' : ((await loadHead(flow.store, run))?.status ?? 'queued');
  return begin(flow, { run, status }, options);
}

/** The run that this key and body made before; undefined when they are new. Throws idempotency_conflict for another body. */
export async function repeatedRun(flow: Flow, idempotency: Idempotency): Promise<Submitted | undefined> {
  const found = await findAccepted(flow.store, digests(idempotency));
  if (found?.outcome === 'conflict') throw new BatonError('idempotency_conflict');
  const record = found && (await loadRecord(flow.store, found.run));
  return record && begin(flow, { run: found.run, status: record.status }, record.options);
}

/** A repeat may come because the first caller died right here: the jobs' ids make a second add harmless. */
async function begin(
  flow: Flow,
  submitted: Submitted,
  { deadline_ms: delayMs, priority }: RunOptions,
): Promise<Submitted> {
  const { run, status } = submitted;
  if (status === 'queued' && delayMs !== undefined) await addRunJob(flow, 'deadline', { run, delayMs });
  if (status === 'queued') await addRunJob(flow, 'plan', { run, priority: jobPriority(priority, 0) });
  return submitted;
}

async function rejectFaultyPlan({ store }: Flow, { plan }: RunRequest): Promise<void> {
  const faults = plan === undefined ? [] : [...validatePlan(plan), ...(await loadTemplateFaults(store, plan))];
  if (faults.length === 0) return;
  throw faultyError(
    'invalid_plan',
    faults.map((fault) => ({ ...fault, path: `plan.${fault.path}` })),
  );
}

/** A planner's tasks are not known before: of a query, points that name no task in the end become warnings. */
function rejectFaultyPoints({ plan, options }: RunRequest): void {
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
