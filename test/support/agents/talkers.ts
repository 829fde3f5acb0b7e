// Agents that talk as their tasks' input says, for tests of talks: `says` has what each of them says, turn by turn, the last one for ever.
import { EventEmitter, once } from 'node:events';
import { z } from 'zod';
import { type AgentTask, defineAgent } from '../../../src/agents/definition.ts';
import type { Capability } from '../../../src/contracts/agent.ts';

/** An object is answered as JSON; the text FAIL fails, HOLD waits once for `release` and then says so. */
const Script = z.looseObject({
  says: z.record(z.string(), z.array(z.unknown())),
  talk: z.object({ you: z.string(), said: z.array(z.object({ task: z.string(), speaker: z.string() })) }).optional(),
});

/** Every call that was made, in order. */
export const talkCalls: { readonly agent: string; readonly key: string; readonly task: AgentTask }[] = [];
export const talkEvents = new EventEmitter();

const talker = (id: string, capability: Capability) =>
  defineAgent({
    id,
    capabilities: [capability],
    invoke: async (task, { idempotencyKey: key, signal }) => {
      const { says, talk } = Script.parse(task);
      const earlier = talkCalls.filter((call) => call.key === key).length;
      talkCalls.push({ agent: id, key, task });
      talkEvents.emit('call', { agent: id, key });
      if (talk === undefined) return `${Object.keys(task.context).length} texts summed up`;
      const lines = says[talk.you] ?? says[id] ?? [];
      const turn = talk.said.filter(({ speaker }) => speaker === talk.you).length;
      const line = lines[Math.min(turn, lines.length - 1)] ?? '';
      if (line === 'FAIL') throw new Error('this one cannot speak');
      if (line === 'HOLD' && earlier === 0) await once(talkEvents, 'release', { signal });
      return typeof line === 'string' ? line : JSON.stringify(line);
    },
  });

export const agents = [
  talker('alice', 'text_generation'),
  talker('bob', 'text_generation'),
  talker('carol', 'data_analysis'),
  talker('dora', 'search'),
];
