// An agent within a worker that counts in its run's shared state and tells another one of it.
import { defineAgent } from '../../../src/agents/definition.ts';

export const agents = [
  defineAgent({
    id: 'sharing',
    capabilities: ['search'],
    invoke: async (_task, { state, send }) => {
      await state.patch([{ op: 'increment', name: 'count', by: 1 }]);
      await send('a', 'I have counted.');
      return JSON.stringify(await state.get());
    },
  }),
];
