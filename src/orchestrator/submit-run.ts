import { createHash } from 'node:crypto';
import { BatonError } from '../contracts/error.ts';
import type { EventDraft } from '../contracts/event.ts';
import { rootEvent } from '../contracts/root-event.ts';
import type { RunRequest, RunStatus } from '../contracts/run.ts';
import type { Flow } from '../flow/flow.ts';
import { addRunJob } from '../flow/run-jobs.ts';
import { createRun, type NewRun } from '../journal/create.ts';
import { loadHead } from '../journal/load-run.ts';
import { unknownPoints } from '../plan/interrupts.ts';
import { jobPriority } from '../plan/priority.ts';
import { validatePlan } from '../plan/validate.ts';
import { newRunId } from './run-id.ts';

/** A client's Idempotency-Key, whose it is, and the body it came with. */
export type Idempotency = { readonly owner: string; readonly key: string; readonly body: string };

export type Submitted = { readonly run: string; readonly status: RunStatus };

/**
 * Accepts a run: journal first, then the job that plans it. The same key and body give the same run, also while it runs; another
 * body throws idempotency_conflict, a plan with faults invalid_plan. A caller that got no answer may simply call again.
 */
export async function submitRun(flow: Flow, request: RunRequest, idempotency?: Idempotency): Promise<Submitted> {
  rejectFaultyPlan(request);
  rejectUnknownPoints(request);
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
  // A repeat may come because the first caller died right here: the job's id makes a second add harmless.
  const { deadline_ms: deadlineMs } = options;
  if (status === 'queued' && deadlineMs !== undefined) await addRunJob(flow, 'deadline', { run, delayMs: deadlineMs });
  if (status === 'queued') await addRunJob(flow, 'plan', { run, priority: jobPriority(options.priority, 0) });
  return { run, status };
}

function rejectFaultyPlan({ plan }: RunRequest): void {
  const faults = plan === undefined ? [] : validatePlan(plan);
  if (faults.length === 0) return;
  const all = faults.map((fault) => ({ ...fault, path: `plan.${fault.path}` }));
  throw new BatonError('invalid_plan', `The plan has faults: ${all[0]?.path}: ${all[0]?.message}`, { faults: all });
}

/** A planner's tasks are not known before: of a query, points that name no task in the end mean nothing. */
function rejectUnknownPoints({ plan, options }: RunRequest): void {
  const faults = plan === undefined ? [] : unknownPoints(plan, options);
  const [first] = faults;
  if (first === undefined) return;
  throw new BatonError('invalid_request', `The request has faults: ${first.path}: ${first.message}`, { faults });
}

function created(query: string, planned: boolean): EventDraft {
  return rootEvent(0, { name: 'run.created', data: 'Starting orchestration...', detail: { query, planned } });
}

function digests({ owner, key, body }: Idempotency): { owner: string; keyDigest: string; bodyDigest: string } {
  const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');
  return { owner, keyDigest: digest(key), bodyDigest: digest(body) };
}
