// Agents that say what they were given to say, and agents that repeat whatever they are told, for tests of hostile texts.
import {
  type AgentContext,
  type AgentDefinition,
  type AgentTask,
  defineAgent,
} from '../../../src/agents/definition.ts';
import type { Capability } from '../../../src/contracts/agent.ts';
import { messageLimits } from '../../../src/contracts/message.ts';

/** The texts by number, and every call that was made. */
export const injected = {
  texts: [] as readonly string[],
  calls: [] as { readonly agent: string; readonly key: string; readonly task: AgentTask }[],
};

const PIECE_CHARS = 97;

async function* say(agent: string, task: AgentTask, { idempotencyKey: key, send, state }: AgentContext) {
  injected.calls.push({ agent, key, task });
  const text = injected.texts[Number(task.text)] ?? 'harmless';
  if (task.act === 'fail') throw new Error(text);
  if (task.act === 'tell') {
    await send('echo', text.slice(0, messageLimits.contentChars));
    await state.patch([{ op: 'set', name: 'note', value: text }]);
  }
  for (let at = 0; at < text.length; at += PIECE_CHARS) yield text.slice(at, at + PIECE_CHARS);
}

const tainted = (id: string, capability: Capability): AgentDefinition =>
  defineAgent({ id, capabilities: [capability], stream: (task, context) => say(id, task, context) });

/** What a reader does that takes every text for its own words. */
const echo = defineAgent({
  id: 'echo',
  capabilities: ['summarization', 'custom', 'search'],
  priority: -100,
  invoke: (task, { idempotencyKey: key }) => {
    injected.calls.push({ agent: 'echo', key, task });
    const note: unknown = Object(task.state).note;
    return [...Object.values(task.context), ...(typeof note === 'string' ? [note] : [])].join('\n') || 'nothing';
  },
});

export const agents = [
  tainted('tainted', 'custom'),
  tainted('tainted-coder', 'code_generation'),
  tainted('voter-1', 'search'),
  tainted('voter-2', 'search'),
  echo,
];
