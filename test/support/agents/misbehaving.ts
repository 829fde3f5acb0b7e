// Agents that do what baton refuses, and fail with what it says to that.
import { defineAgent } from '../../../src/agents/definition.ts';
import { BatonError } from '../../../src/contracts/error.ts';
import { stateLimits } from '../../../src/contracts/state.ts';

export const agents = [
  defineAgent({
    id: 'lost',
    capabilities: ['custom'],
    invoke: async (_task, { ask }) => (await ask('nobody', 'Is anybody there?')).content,
  }),
  /** Writes more and more, tries again a few times, and gives up. */
  defineAgent({
    id: 'hoarder',
    capabilities: ['custom'],
    invoke: async (_task, { state }) => {
      const large = 'x'.repeat(stateLimits.valueBytes - 100);
      const writes = Array.from({ length: 12 }, (_, n) =>
        state.patch([{ op: 'set', name: `v${n}`, value: large }]).catch((thrown: unknown) => BatonError.from(thrown)),
      );
      const outcomes = await Promise.all(writes);
      const refused = outcomes.filter((outcome) => outcome instanceof BatonError);
      throw new Error(`${refused.length} of 12 refused: ${refused[0]?.message}`);
    },
  }),
];
