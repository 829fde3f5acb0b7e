// Agents for tests of isolated calls: one says much and quickly, one writes into its process's channel without
// being asked, one falls silent.
import { once } from 'node:events';
import { defineAgent } from '../../../src/agents/definition.ts';

export const WORDS = 2_000;

export const quick = defineAgent({
  id: 'quick',
  capabilities: ['custom'],
  async *stream() {
    for (let word = 0; word < WORDS; word += 1) yield `${word} `;
  },
});

export const flooding = defineAgent({
  id: 'flooding',
  capabilities: ['custom'],
  invoke: () => {
    for (let word = 0; word < WORDS; word += 1) process.send?.({ type: 'token', text: 'x' });
    return new Promise<never>(() => undefined);
  },
});

export const silent = defineAgent({
  id: 'silent',
  capabilities: ['custom'],
  async *stream(_task, { signal }) {
    yield 'a word';
    await once(signal, 'abort');
  },
});
