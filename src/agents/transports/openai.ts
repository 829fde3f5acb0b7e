import { BatonError } from '../../contracts/error.ts';
import { peerOf } from '../call.ts';
import { chat } from './chat.ts';
import type { Transport } from './transport.ts';

/** openai: any server of Chat Completions; the endpoint is its base URL, as the openai package takes it. */
export const openai: Transport = async function* (invocation) {
  const { agent } = invocation;
  if (agent.openai === undefined) throw new BatonError('agent_protocol', `${peerOf(agent)} names no model.`);
  const { model, system_prompt: systemPrompt, temperature } = agent.openai;
  yield* chat(invocation, { model, systemPrompt, temperature, discreet: false });
};
