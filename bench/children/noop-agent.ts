import { defineAgent } from '../../src/agents/definition.ts';

/** Does nothing and says so. */
export const noop = defineAgent({ id: 'noop', capabilities: ['custom'], invoke: () => 'x' });
