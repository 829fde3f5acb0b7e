import type { Price } from '../contracts/budget.ts';
import { defaults } from '../contracts/limits.ts';
import { type Model, noModel, openModel } from './model.ts';

/** The settings that say which model there is; a key or a server's URL makes one. */
export type ModelSettings = {
  readonly openaiApiKey?: string | undefined;
  readonly openaiBaseUrl?: string | undefined;
  readonly model: string;
  readonly offlineModel: boolean;
  readonly modelPrice: Price;
};

/** Whether a model is configured at all. */
export function hasModel({ openaiApiKey, openaiBaseUrl }: ModelSettings): boolean {
  return openaiApiKey !== undefined || openaiBaseUrl !== undefined;
}

/** The configured model; without a key and a URL the one that says what to set. */
export function openConfiguredModel(settings: ModelSettings, fetch: typeof globalThis.fetch): Model {
  if (!hasModel(settings)) return noModel();
  return openModel({
    apiKey: settings.openaiApiKey ?? null,
    baseUrl: settings.openaiBaseUrl ?? null,
    name: settings.model,
    offline: settings.offlineModel,
    price: settings.modelPrice,
    temperature: defaults.temperature,
    timeoutMs: defaults.modelTimeoutMs,
    fetch,
  });
}
