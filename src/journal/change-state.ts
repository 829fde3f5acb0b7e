import { BatonError } from '../contracts/error.ts';
import { type StateChange, stateLimits } from '../contracts/state.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./change-state.lua', import.meta.url));

/** Refusals of one run that are told. */
const REFUSALS = 500;

export type StateChanging = {
  readonly run: string;
  /** This patch's own id, letters and digits: sent twice it counts once. */
  readonly id: string;
  /** The version it is meant for; undefined for any. */
  readonly version: number | undefined;
  readonly changes: readonly StateChange[];
  /** In whose name. */
  readonly task: string;
};

/**
 * Changes a run's shared state, all of it or nothing, with state.changed; the new version comes back. Throws state_conflict for another
 * version, state_invalid, with state.refused, for a value that cannot be incremented or appended to or would be too large, run_ended for
 * a run that has ended.
 */
export async function changeState({ redis, keys }: Store, changing: StateChanging): Promise<number> {
  const { run, events, state } = keys.run(changing.run);
  const { id, version, changes, task } = changing;
  const said = JSON.stringify({ changes: changes.map(({ op, name }) => ({ op, name })) });
  const { values, valueBytes, bytes } = stateLimits;
  const reply = await runScript(redis, script, {
    keys: [run, events, state],
    args: [
      ...[id, version ?? '', JSON.stringify(changes.map(encode)), task, values, valueBytes, bytes],
      ...[`${said.slice(0, -1)},"version":`, REFUSALS],
    ],
  });
  const [code, about] = reply as [number, string]; // the script returns nothing else
  if (code === 1) return Number(about);
  throw refusals[code]?.(about) ?? new BatonError('internal', `change-state answered ${code}`);
}

/** Values go as the JSON text that they shall be stored as. */
function encode(change: StateChange): object {
  const { op, name } = change;
  switch (op) {
    case 'set':
      return { op, name, json: JSON.stringify(change.value) };
    case 'delete':
      return { op, name };
    case 'increment':
      return { op, name, by: String(change.by) };
    case 'append':
      return { op, name, json: change.items.map((item) => JSON.stringify(item)).join(',') };
    default:
      return op satisfies never;
  }
}

const refusals: Readonly<Record<number, (about: string) => BatonError>> = {
  0: (version) =>
    new BatonError('state_conflict', `The state has version v${version} by now: read it again and decide anew.`),
  '-1': (name) => new BatonError('state_invalid', `"${name}" is no number, so it cannot be incremented.`),
  '-2': (name) => new BatonError('state_invalid', `"${name}" is no list, so nothing can be appended to it.`),
  '-3': () => new BatonError('run_ended'),
  '-4': (name) =>
    new BatonError(
      'state_invalid',
      `"${name}" would be larger than the ${stateLimits.valueBytes} bytes that a value may have.`,
    ),
  '-5': () => {
    const { values, bytes } = stateLimits;
    return new BatonError(
      'state_invalid',
      `The state may hold ${values} values of ${bytes} bytes together, and would hold more.`,
    );
  },
};
