import { BatonError } from '../contracts/error.ts';
import { defaults } from '../contracts/limits.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./count-model-call.lua', import.meta.url));

/** One call of the model: whose attempt it belongs to, and its number there, from 1. */
export type ModelCall = {
  readonly run: string;
  readonly task: string;
  readonly epoch: number;
  readonly number: number;
};

/**
 * Notes that the model is called for a run; a call that fails counts too. Repeating it is harmless. Throws model_calls_exhausted when the
 * run has made as many as it may (options.max_model_calls, else defaults.maxModelCalls): then it must not be called.
 */
export async function countModelCall({ redis, keys }: Store, { run, task, epoch, number }: ModelCall): Promise<void> {
  const { run: record, tasks } = keys.run(run);
  const reply = await runScript(redis, script, {
    keys: [record, tasks],
    args: [`${task}:model_call:${epoch}.${number}`, defaults.maxModelCalls],
  });
  const [isAllowed, most] = reply as [number, number]; // the script returns nothing else
  if (isAllowed === 1) return;
  throw new BatonError('model_calls_exhausted', `The run may call the model at most ${most} time(s).`);
}
