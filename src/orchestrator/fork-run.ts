import { BatonError } from '../contracts/error.ts';
import type { ForkPreview, ForkRequest } from '../contracts/fork.ts';
import { addUsage } from '../contracts/result.ts';
import { isTerminal } from '../contracts/run.ts';
import type { Flow } from '../flow/flow.ts';
import { loadRun, type RunState } from '../journal/load-run.ts';
import type { Store } from '../journal/store.ts';
import { type ForkedPlan, forkFaults, forkPlan } from '../plan/fork.ts';
import { acceptRun, type Idempotency, type Submitted } from './submit-run.ts';

/**
 * Makes a new run of one that has ended: with its results, but for those that depend on what was named or changed, which run again.
 * The old run stays as it is. Throws run_not_found, run_not_ended, invalid_request with every fault.
 */
export async function forkRun(
  flow: Flow,
  { run, request }: { readonly run: string; readonly request: ForkRequest },
  idempotency?: Idempotency,
): Promise<Submitted> {
  const { state, forked } = await loadFork(flow.store, run, request);
  const { query, metadata, options } = state.record;
  const reused = forked.reused.flatMap((id) => state.results.get(id) ?? []);
  // Its plan is in the order of its mode already.
  const accepted = { query, metadata, options: { ...options, mode: 'dag' as const }, plan: forked.plan };
  return acceptRun(flow, { ...accepted, fork: { from: run, reused } }, idempotency);
}

/** What a fork would do, and what that cost last time; nothing is changed. Throws as forkRun does. */
export async function previewFork(store: Store, run: string, request: ForkRequest): Promise<ForkPreview> {
  const { state, forked } = await loadFork(store, run, request);
  const ids = forked.rerun.flatMap((id) => [id, ...(state.children.get(id) ?? []).map(({ task }) => task.task_id)]);
  const last = ids.flatMap((id) => state.results.get(id) ?? []);
  const costs = last.flatMap(({ cost }) => cost ?? []);
  return {
    rerun: [...forked.rerun],
    reused: [...forked.reused],
    last: {
      usage: addUsage(last.map((result) => result.usage)),
      cost: costs.length === 0 ? null : costs.reduce((sum, cost) => sum + cost, 0),
      latency_ms: last.reduce((sum, result) => sum + result.latency_ms, 0),
    },
  };
}

async function loadFork(
  store: Store,
  run: string,
  request: ForkRequest,
): Promise<{ state: RunState; forked: ForkedPlan }> {
  const state = await loadRun(store, run);
  if (state === undefined) throw new BatonError('run_not_found');
  if (!isTerminal(state.record.status))
    throw new BatonError('run_not_ended', 'The run has not ended: wait for its end, or cancel it.');
  if (state.record.plan === null)
    throw new BatonError('invalid_request', 'The run has no plan that could be run again.');
  const source = { plan: state.record.plan, results: state.results, request };
  const faults = forkFaults(source);
  const [first] = faults;
  if (first !== undefined) {
    throw new BatonError('invalid_request', `The request has faults: ${first.path}: ${first.message}`, { faults });
  }
  return { state, forked: forkPlan(source) };
}
