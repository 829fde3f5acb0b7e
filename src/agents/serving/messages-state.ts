import { setTimeout as pause } from 'node:timers/promises';
import { BatonError, parseOr } from '../../contracts/error.ts';
import { RunState, type StateChange } from '../../contracts/state.ts';
import { type BatonDoor, callBaton } from './messages-call.ts';

/** The state that the agents of a run share. */
export type SharedState = Readonly<{
  /** All of it, and the version that counts its patches. */
  get(): Promise<RunState>;
  /**
   * Changes values, all of them or none; the new version comes back. With `version` only if nobody has changed anything since: else it
   * throws state_conflict.
   */
  patch(changes: readonly StateChange[], version?: number): Promise<number>;
  /**
   * Sets a value to what `change` makes of it (undefined where there is none yet), again and again until nobody has changed the state
   * in between; the new value comes back. Throws state_conflict after twenty tries.
   */
  update(name: string, change: (value: unknown) => StateValue): Promise<StateValue>;
}>;

/** A value as it can be set. */
export type StateValue = Extract<StateChange, { op: 'set' }>['value'];

const TRIES = 20;
/** Longest pause before another try, in milliseconds: a random share of it keeps writers apart. */
const PAUSE_MS = 50;

export function openSharedState(door: BatonDoor): SharedState {
  const get = async (): Promise<RunState> => {
    const { body } = await callBaton(door, { method: 'GET', path: '/state' });
    return parseOr(RunState, body, 'unreachable');
  };
  const patch = async (changes: readonly StateChange[], version?: number): Promise<number> => {
    const headers = version === undefined ? {} : { 'if-match': `"v${version}"` };
    const body = { changes, task_id: door.taskId };
    const reply = await callBaton(door, { method: 'PATCH', path: '/state', headers, body });
    return parseOr(RunState.pick({ version: true }), reply.body, 'unreachable').version;
  };
  const update = async (name: string, change: (value: unknown) => StateValue): Promise<StateValue> => {
    for (let tries = 1; ; tries += 1) {
      const { version, state } = await get();
      const value = change(Object.hasOwn(state, name) ? state[name] : undefined);
      try {
        await patch([{ op: 'set', name, value }], version);
        return value;
      } catch (thrown) {
        if (!(thrown instanceof BatonError) || thrown.code !== 'state_conflict' || tries === TRIES) throw thrown;
      }
      await pause(Math.random() * PAUSE_MS * tries, undefined, { signal: door.signal });
    }
  };
  return { get, patch, update };
}
