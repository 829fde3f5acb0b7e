import { BatonError, faultyError } from '../contracts/error.ts';
import type { ForkPreview, ForkRequest } from '../contracts/fork.ts';
import { addUsage } from '../contracts/result.ts';
import { isTerminal } from '../contracts/run.ts';
import type { Flow } from '../flow/flow.ts';
import type { ForkSeed } from '../journal/create.ts';
import { noTexts } from '../journal/load-results.ts';
import { loadRun, type RunState } from '../journal/load-run.ts';
import type { Store } from '../journal/store.ts';
import { type ForkedPlan, forkFaults, forkPlan } from '../plan/fork.ts';
import { loadTemplateFaults } from './check-templates.ts';
import { acceptRun, type Idempotency, repeatedRun, type Submitted } from './submit-run.ts';

/**
 * Makes a new run of one that has ended: with its results, but for those that depend on what was named or changed, which run again.
 * The old run stays as it is. Throws run_not_found, run_not_ended, invalid_request with every fault.
 */
export async function forkRun(
  flow: Flow,
  { run, request }: { readonly run: string; readonly request: ForkRequest },
  idempotency?: Idempotency,
): Promise<Submitted> {
  const repeated = idempotency && (await repeatedRun(flow, idempotency)); // first: the old run may have left since
  if (repeated !== undefined) return repeated;
  const { state, forked } = await loadFork(flow.store, run, request);
  const { query, metadata, options } = state.record;
  return acceptRun(
    flow,
    { query, metadata, options, plan: forked.plan, fork: seedOf(run, state, forked) },
    idempotency,
  );
}

function seedOf(from: string, { record, results, children }: RunState, { reused }: ForkedPlan): ForkSeed {
  const resultsOf = (ids: readonly string[]) => ids.flatMap((id) => results.get(id) ?? []);
  const lists = new Map([...children].filter(([map]) => reused.includes(map)));
  const items = resultsOf([...lists.values()].flatMap((list) => list.map(({ task }) => task.task_id)));
  // Of a plan that was carried out the order is decided; one that never was gets its mode now.
  const mode = record.planned === undefined ? null : record.mode;
  return { from, reused: resultsOf(reused), lists, items, mode };
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
  const state = await loadRun(store, run, noTexts);
  if (state === undefined) throw new BatonError('run_not_found');
  if (!isTerminal(state.record.status))
    throw new BatonError('run_not_ended', 'The run has not ended: wait for its end, or cancel it.');
  if (state.record.plan === null)
    throw new BatonError('invalid_request', 'The run has no plan that could be run again.');
  const source = { plan: state.record.plan, results: state.results, children: state.children, request };
  const faults = forkFaults(source);
  if (faults.length > 0) throw faultyError('invalid_request', faults);
  const forked = forkPlan(source);
  const lacking = await loadTemplateFaults(store, forked.plan); // templates may have gone since
  if (lacking.length > 0) throw faultyError('invalid_request', lacking);
  return { state, forked };
}
