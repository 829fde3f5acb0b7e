import { BatonError } from '../../contracts/error.ts';
import { plainDone } from '../call.ts';
import type { Transport } from './transport.ts';

/** static with a static_response: the descriptor holds the answer and nobody is called. */
export const staticText: Transport = async function* ({ agent, signal }) {
  if (signal.aborted) throw BatonError.from(signal.reason, 'cancelled');
  if (agent.static_response) yield { type: 'message', text: agent.static_response };
  yield plainDone;
};
