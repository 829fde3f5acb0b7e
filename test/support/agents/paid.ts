// An agent whose every answer uses 100 tokens and costs a cent, and says so unless it is told to be silent; for tests of budgets.
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { defineAgent } from '../../../src/agents/definition.ts';

export const usageOfCall = { prompt_tokens: 60, completion_tokens: 40, total_tokens: 100 };
export const costOfCall = 0.01;

const Script = z.looseObject({ failFirst: z.number().default(0), silent: z.boolean().default(false) });

/** Idempotency keys of the calls, and of those that were answered: what was really spent. */
export const paid = { calls: [] as string[], answered: [] as string[] };

export const agents = [
  defineAgent({
    id: 'paid',
    capabilities: ['custom'],
    max_tokens: 100,
    price: { output_per_million: 100, per_call: 0.006 },
    invoke: async (task, { idempotencyKey, signal }) => {
      const { failFirst, silent } = Script.parse(task);
      paid.calls.push(idempotencyKey);
      await pause(5, undefined, { signal });
      if (paid.calls.filter((key) => key === idempotencyKey).length <= failFirst) throw new Error('told to fail');
      paid.answered.push(idempotencyKey);
      return { response: `${task.task_id} done`, usage: silent ? null : usageOfCall };
    },
  }),
];
