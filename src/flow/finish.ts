import { type BackendFactory, createRedisBackend, type RedisQueueBackend } from 'bullmq';
import { BatonError } from '../contracts/error.ts';
import type { Settlement } from '../contracts/verdict.ts';
import type { ScriptCall } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { FINISH_KEYS, loadFlowScript } from './flow-script.ts';
import { insist, settleCall } from './settle.ts';

const script = loadFlowScript('finish-task', ['release', 'park', 'join', 'settle', 'finish']);

/** A job whose processor has returned, with the result that is still to be recorded. */
export type Finishing = {
  readonly settlement: Settlement;
  /** Told when it is recorded, and not another result before it. */
  readonly onCounted?: (() => void) | undefined;
  /** Told when it is recorded, or cannot be. */
  close(): void;
};

/** The one of BullMQ's scripts that ends a job, by its name there. */
const FINISH = 'moveToFinished';

/**
 * BullMQ's backend, but for one thing: a job that lies in `finishings` (by its id) ends in the script that records its result.
 * One round trip instead of two, and no moment between them. A finishing is taken once.
 */
export function finishingBackend(store: Store, finishings: Map<string, Finishing>): BackendFactory<RedisQueueBackend> {
  return (...options) => {
    const backend = createRedisBackend(...options);
    const execCommand = backend.execCommand.bind(backend);
    backend.execCommand = (client, name, input) => {
      const finish = name === FINISH ? callOf(input) : undefined;
      const finishing = finish && takeFinishing(finishings, `${finish.args[0]}`);
      if (finish === undefined || finishing === undefined) return execCommand(client, name, input);
      return finishTask(store, finishing, finish).finally(() => finishing.close());
    };
    return backend;
  };
}

function callOf(input: readonly string[]): ScriptCall {
  return { keys: input.slice(0, FINISH_KEYS), args: input.slice(FINISH_KEYS) };
}

function takeFinishing(finishings: Map<string, Finishing>, job: string): Finishing | undefined {
  const finishing = finishings.get(job);
  finishings.delete(job);
  return finishing;
}

/** The reply of BullMQ's script. Insists as settleTask does; throws lock_lost when a newer attempt owns the task: nothing was done then. */
async function finishTask(store: Store, { settlement, onCounted }: Finishing, finish: ScriptCall): Promise<unknown> {
  const settle = settleCall(store, settlement);
  const reply = await insist(store, script, {
    keys: [...settle.keys, ...finish.keys],
    args: [settle.keys.length, settle.args.length, ...settle.args, ...finish.args.map(toText)],
  });
  const [code, finished] = reply as [number, unknown?]; // the script returns nothing else
  if (code === -1) throw new BatonError('lock_lost');
  if (code === 1) onCounted?.();
  return finished;
}

/** One Buffer among its arguments makes ioredis build a command from pieces, at three times the cost: bytes go as Latin-1. */
function toText(value: string | number | Buffer): string | number {
  return Buffer.isBuffer(value) ? value.toString('latin1') : value;
}
