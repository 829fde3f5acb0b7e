import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { defineAgent } from '../../src/agents/definition.ts';

const Task = z.looseObject({ ms: z.number().optional() });

/** Does nothing, for as long as it is told to, and says so. */
export const noop = defineAgent({
  id: 'noop',
  capabilities: ['custom'],
  invoke: async (task) => {
    const { ms } = Task.parse(task);
    if (ms !== undefined) await pause(ms);
    return 'x';
  },
});
