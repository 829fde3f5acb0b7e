import type { Model } from './model.ts';

/** The same model; `count` hears of each call before it is made, with its number, from 1. */
export function countedModel(model: Model, count: (number: number) => Promise<void>): Model {
  let calls = 0;
  const next = (): Promise<void> => {
    calls += 1;
    return count(calls);
  };
  return {
    ...model,
    structured: async (request) => {
      await next();
      return model.structured(request);
    },
    stream: async function* (request) {
      await next();
      yield* model.stream(request);
    },
  };
}
