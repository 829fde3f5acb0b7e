import { BatonError } from '../../contracts/error.ts';
import { chat } from './chat.ts';
import type { Transport } from './transport.ts';

/** model: a role for the configured model. Its server is the operator's: called by a client of its own, and its words stay in the log. */
export const model: Transport = async function* (invocation) {
  const { agent, modelServer } = invocation;
  if (modelServer === undefined) throw new BatonError('model_not_configured');
  const { http, baseUrl, apiKey, model: configured } = modelServer;
  const { system_prompt: systemPrompt = '', temperature, model: asked = configured } = agent.model ?? {};
  const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  const role = { ...agent, endpoint: baseUrl, auth: null, tls: null };
  yield* chat(
    { ...invocation, http, agent: role },
    { model: asked, systemPrompt, temperature, headers, discreet: true },
  );
};
