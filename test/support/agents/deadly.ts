// Agents for tests of what a deadly task does to its worker: one ends its process whenever it is called, one only waits.
import { setTimeout as pause } from 'node:timers/promises';
import { defineAgent } from '../../../src/agents/definition.ts';

export const deadly = defineAgent({ id: 'deadly', capabilities: ['code_generation'], invoke: () => process.exit(7) });

export const patient = defineAgent({
  id: 'patient',
  capabilities: ['custom'],
  invoke: async (_task, { signal }) => {
    await pause(1_500, undefined, { signal });
    return 'patience';
  },
});
