import type { Spending } from '../contracts/budget.ts';
import type { Usage } from '../contracts/result.ts';
import type { Model } from './model.ts';

/** What one call is paid from. Its end without a commit gives back what was set aside. */
export type Payment = AsyncDisposable & { commit(spent: Spending): Promise<void> };

export type Payer = {
  /** Sets money aside before a call begins, or throws. */
  readonly open: (signal: AbortSignal) => Promise<Payment>;
  /** What an answered call is charged; null when the server did not count. */
  readonly charge: (usage: Usage | null) => Spending;
};

/** The same model, each call of which is paid: entered when it was answered, given back otherwise. */
export function payingModel(model: Model, { open, charge }: Payer): Model {
  return {
    ...model,
    structured: async (request) => {
      await using payment = await open(request.signal);
      const answer = await model.structured(request);
      await payment.commit(charge(answer.usage));
      return answer;
    },
    stream: async function* (request) {
      await using payment = await open(request.signal);
      for await (const event of model.stream(request)) {
        if (event.type === 'end') await payment.commit(charge(event.usage));
        yield event;
      }
    },
  };
}
