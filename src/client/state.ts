import { RunState, type StateChange } from '../contracts/state.ts';
import type { Http } from './http.ts';
import { randomKey } from './random-key.ts';
import { pathOf } from './stream.ts';

type Call = Readonly<{ signal?: AbortSignal | undefined }>;

export type PatchStateOptions = Call &
  Readonly<{
    /** The version that the state must still have. */
    version?: number | undefined;
    /** Changes sent again under one key count once; random unless given, so that a lost answer never means two increments. */
    idempotencyKey?: string | undefined;
  }>;

export type StateClient = {
  /** What the agents of a run share, and the version that counts its patches. */
  state(run: string, options?: Call): Promise<RunState>;
  /**
   * Sets, deletes, increments or appends to values, in order, all of it or nothing; the new version comes back. Throws state_conflict for
   * another version than the one named, state_invalid, run_ended.
   */
  patchState(run: string, changes: readonly StateChange[], options?: PatchStateOptions): Promise<number>;
};

const Patched = RunState.pick({ version: true });

/** What a client can do with the state that a run's agents share. */
export function openStateClient(http: Http): StateClient {
  return {
    state: (run, { signal } = {}) => http.load(RunState, { path: `${pathOf(run)}/state`, signal }),
    patchState: async (run, changes, { version, idempotencyKey = randomKey(), signal } = {}) => {
      const headers = {
        'idempotency-key': idempotencyKey,
        ...(version !== undefined && { 'if-match': `"v${version}"` }),
      };
      const path = `${pathOf(run)}/state`;
      return (await http.load(Patched, { path, method: 'PATCH', headers, body: { changes }, signal })).version;
    },
  };
}
