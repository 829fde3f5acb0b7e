import { readAnswer } from '../agents/schemas.ts';
import { BatonError, errorCodeOf } from '../contracts/error.ts';
import { isTerminal, type RunView } from '../contracts/run.ts';
import { isHandle, sketchOf, type TaskHandle } from './handle.ts';
import { nameOf } from './names.ts';
import type { Orchestration } from './orchestrate.ts';
import { outputOf } from './task.ts';

/** Of a run: what `client.wait` and `client.run` give. */
type Ended = Pick<RunView, 'run_id' | 'status' | 'results' | 'response' | 'error' | 'interrupts'>;

/**
 * What a task of a plan gave, or what a flow came to, as its schema has it. Throws what it failed with, still_running when it has not
 * ended, agent_protocol when its text is not what the schema wants.
 */
export function resultOf<Result>(run: Ended, of: TaskHandle<Result> | Orchestration<never, Result>): Result {
  const found = isHandle(of) ? taskResult(run, of) : flowResult(run, of);
  return found as Result; // what the schema, whose type this is, has let through
}

function taskResult(run: Ended, handle: TaskHandle<unknown>): unknown {
  const id = nameOf(handle);
  const result = run.results.find(({ task_id }) => task_id === id);
  const asked = run.interrupts.find(({ task_id, subject }) => task_id === id && subject === 'input')?.state;
  const decision = asked === 'approved' || asked === 'edited' || asked === 'rejected' ? asked : undefined;
  if (result === undefined) throw missing(run, `task "${id}"`);
  const isRejection = decision === 'rejected' && result.error?.code === 'rejected';
  if (result.status === 'completed' || isRejection) return handle[sketchOf].read({ text: result.response, decision });
  const { code = 'internal', message = 'no reason was recorded' } = result.error ?? {};
  throw new BatonError(errorCodeOf(code), `Task "${id}" ${result.status}: ${message}`);
}

function flowResult(run: Ended, flow: Orchestration<never, unknown>): unknown {
  const { id } = flow;
  const failed =
    run.results.find((result) => result.task_id === id && result.status !== 'completed')?.error ?? run.error;
  if (failed != null) throw new BatonError(errorCodeOf(failed.code), failed.message);
  if (run.status !== 'completed' || run.response === null) throw missing(run, `flow "${id}"`);
  return readAnswer(outputOf(flow), run.response, `"${id}"`);
}

function missing({ run_id, status }: Ended, what: string): BatonError {
  if (!isTerminal(status))
    return new BatonError('still_running', `The ${what} of ${run_id} has no result yet: ${status}.`);
  return new BatonError('invalid_request', `There is no result of the ${what} in ${run_id}.`);
}
