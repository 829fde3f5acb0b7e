import { BatonError } from '../../contracts/error.ts';
import { peerOf } from '../call.ts';
import { toAgentFailure } from '../frame.ts';
import { readWithin } from '../read-within.ts';
import type { Transport } from './transport.ts';

/** in_process: a handler that this worker loaded, under the same limits as an agent behind a socket. What it throws is agent_failed. */
export const inProcess: Transport = async function* ({ agent, call, signal, limits, local }) {
  const peer = peerOf(agent);
  try {
    yield* readWithin({ limits, signal, peer }, (handlerSignal) => local.invoke(agent.agent_id, call, handlerSignal));
  } catch (thrown) {
    if (thrown instanceof BatonError) throw thrown;
    throw toAgentFailure(thrown instanceof Error ? thrown.message : String(thrown), peer, thrown);
  }
};
