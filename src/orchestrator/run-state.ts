import { createHash, randomUUID } from 'node:crypto';
import { BatonError } from '../contracts/error.ts';
import { ROOT_TASK } from '../contracts/ids.ts';
import type { RunState, StatePatch } from '../contracts/state.ts';
import { changeState } from '../journal/change-state.ts';
import { loadRecord } from '../journal/load-run.ts';
import { loadState } from '../journal/load-state.ts';
import type { Store } from '../journal/store.ts';
import type { Idempotency } from './submit-run.ts';

/** A run's shared state. Throws run_not_found. */
export async function viewState(store: Store, run: string): Promise<RunState> {
  if ((await loadRecord(store, run)) === undefined) throw new BatonError('run_not_found');
  return loadState(store, run);
}

export type Patching = {
  readonly run: string;
  readonly patch: StatePatch;
  /** The version it is meant for; undefined for any. */
  readonly version: number | undefined;
  /** The same key and body count once; undefined counts each time. */
  readonly idempotency?: Pick<Idempotency, 'key' | 'body'> | undefined;
};

/** Changes a run's shared state; the new version comes back. Throws run_not_found, run_ended, state_conflict, state_invalid. */
export async function patchState(store: Store, { run, patch, version, idempotency }: Patching): Promise<number> {
  if ((await loadRecord(store, run)) === undefined) throw new BatonError('run_not_found');
  const { changes, task_id: task = ROOT_TASK } = patch;
  return changeState(store, { run, version, changes, task, id: idOf(idempotency) });
}

function idOf(idempotency: Patching['idempotency']): string {
  if (idempotency === undefined) return randomUUID().replaceAll('-', '');
  return createHash('sha256').update(`${idempotency.key}\n${idempotency.body}`).digest('hex').slice(0, 32);
}
