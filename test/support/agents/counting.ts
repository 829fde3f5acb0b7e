// An agent that says what its answer cost, for tests of what a run costs in all.
import { defineAgent } from '../../../src/agents/definition.ts';

export const counted = { prompt_tokens: 100, completion_tokens: 50, total_tokens: 150 };

export const agents = [
  defineAgent({
    id: 'counting',
    capabilities: ['custom'],
    invoke: ({ task_id }) => ({ response: `${task_id} done`, usage: counted }),
  }),
];
