import type { z } from 'zod';
import { type Decision, InterruptView } from '../contracts/interrupt.ts';
import type { Http } from './http.ts';
import { InterruptPage } from './listings.ts';

type Call = Readonly<{ signal?: AbortSignal | undefined }>;

/** What a human decides about a question; the hash is the question's own. */
export type DecisionInput = z.input<typeof Decision>;
/** `run`: of this run only. */
export type InterruptOptions = Call &
  Readonly<{ limit?: number | undefined; cursor?: string | undefined; run?: string | undefined }>;

export type InterruptClient = {
  /** One page of the questions that wait for a human, newest first, over all runs. */
  interrupts(options?: InterruptOptions): Promise<InterruptPage>;
  interrupt(id: string, options?: Call): Promise<InterruptView>;
  /** Decides a question. The first decision counts: every other one throws already_decided, also this one repeated. */
  decide(id: string, decision: DecisionInput, options?: Call): Promise<InterruptView>;
};

/** What a client can do with questions to humans. */
export function openInterruptClient(http: Http): InterruptClient {
  return {
    interrupts: ({ limit, cursor, run: run_id, signal } = {}) => {
      const query = new URLSearchParams({
        ...(limit !== undefined && { limit: `${limit}` }),
        ...(cursor !== undefined && { cursor }),
        ...(run_id !== undefined && { run_id }),
      });
      return http.load(InterruptPage, { path: `v1/interrupts?${query}`, signal });
    },
    interrupt: (id, { signal } = {}) => http.load(InterruptView, { path: interruptPath(id), signal }),
    decide: (id, body, { signal } = {}) =>
      http.load(InterruptView, { path: `${interruptPath(id)}/decision`, method: 'POST', body, signal }),
  };
}

function interruptPath(id: string): string {
  return `v1/interrupts/${encodeURIComponent(id)}`;
}
