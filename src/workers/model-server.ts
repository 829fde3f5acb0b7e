import type { ModelServer } from '../agents/transports/transport.ts';
import { hasModel, type ModelSettings } from '../llm/configured-model.ts';

const OPENAI_URL = 'https://api.openai.com/v1';

/** The configured model as agents with transport "model" call it, by a client for the operator's own addresses; undefined when there is none. */
export function modelServerOf(settings: ModelSettings, http: ModelServer['http']): ModelServer | undefined {
  if (!hasModel(settings)) return undefined;
  const { openaiApiKey: apiKey, openaiBaseUrl: baseUrl = OPENAI_URL, model } = settings;
  return { http, baseUrl, apiKey, model };
}
