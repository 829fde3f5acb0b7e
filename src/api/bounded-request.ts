import type { RunRequest } from '../contracts/run.ts';
import type { Door } from './tools.ts';

/** A request with this installation's bound on calls of the model, unless it names one: the run then keeps it, whatever the setting is later. */
export function boundedRequest({ maxModelCalls }: Pick<Door, 'maxModelCalls'>, request: RunRequest): RunRequest {
  if (maxModelCalls === undefined) return request;
  return { ...request, options: { max_model_calls: maxModelCalls, ...request.options } };
}
