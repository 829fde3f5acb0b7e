import { type BackendFactory, createRedisBackend, type RedisQueueBackend } from 'bullmq';
import { BatonError } from '../contracts/error.ts';
import type { Settlement } from '../contracts/verdict.ts';
import type { ScriptCall } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { loadFlowScript } from './flow-script.ts';
import { insist, settleCall } from './settle.ts';

const script = loadFlowScript('finish-task', ['release', 'park', 'join', 'settle', 'finish']);

/** A job whose processor has returned, with the result that is still to be recorded. */
export type Ending = {
  readonly settlement: Settlement;
  /** Told when it is recorded, or cannot be. */
  close(): void;
};

/** The one of BullMQ's scripts that ends a job, by its name there, and how many keys it takes. */
const FINISH = 'moveToFinished';
const FINISH_KEYS = 14;

/**
 * BullMQ's backend, but for one thing: a job whose ending lies in `endings` (by its id) ends in the script that records its result.
 * One round trip instead of two, and no moment between them. An ending is taken once.
 */
export function finishingBackend(store: Store, endings: Map<string, Ending>): BackendFactory<RedisQueueBackend> {
  return (...options) => {
    const backend = createRedisBackend(...options);
    const execCommand = backend.execCommand.bind(backend);
    backend.execCommand = (client, name, input) => {
      const finish = name === FINISH ? callOf(input) : undefined;
      const ending = finish && takeEnding(endings, `${finish.args[0]}`);
      if (finish === undefined || ending === undefined) return execCommand(client, name, input);
      return finishTask(store, ending.settlement, finish).finally(() => ending.close());
    };
    return backend;
  };
}

function callOf(input: readonly string[]): ScriptCall {
  return { keys: input.slice(0, FINISH_KEYS), args: input.slice(FINISH_KEYS) };
}

function takeEnding(endings: Map<string, Ending>, job: string): Ending | undefined {
  const ending = endings.get(job);
  endings.delete(job);
  return ending;
}

/** The reply of BullMQ's script. Insists as settleTask does; throws lock_lost when a newer attempt owns the task: nothing was done then. */
async function finishTask(store: Store, settlement: Settlement, finish: ScriptCall): Promise<unknown> {
  const settle = settleCall(store, settlement);
  const reply = await insist(store, script, {
    keys: [...settle.keys, ...finish.keys],
    args: [settle.keys.length, settle.args.length, ...settle.args, ...finish.args.map(toText)],
  });
  const [code, finished] = reply as [number, unknown?]; // the script returns nothing else
  if (code === -1) throw new BatonError('lock_lost');
  return finished;
}

/** One Buffer among its arguments makes ioredis build a command from pieces, at three times the cost: bytes go as Latin-1. */
function toText(value: string | number | Buffer): string | number {
  return Buffer.isBuffer(value) ? value.toString('latin1') : value;
}
