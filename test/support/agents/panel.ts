// Agents that answer, judge and revise as their tasks' input says, for tests of reviews and votes.
import { type AgentTask, defineAgent } from '../../../src/agents/definition.ts';

/** Every call that was made, in order. */
export const panelCalls: { readonly agent: string; readonly task: AgentTask }[] = [];

/** What a reviewer says, by the number of its call for one review task; the last one goes on for ever. */
const verdicts = new Map<string, number>();

/** Asked in the order of their priorities. */
const voter = (id: string, priority: number) =>
  defineAgent({
    ...{ id, priority },
    capabilities: ['search'],
    invoke: (task) => {
      panelCalls.push({ agent: id, task });
      const answers = Object(task.answers);
      if (answers[id] === 'fail') throw new Error('this one has no answer');
      return String(answers[id] ?? 'yes');
    },
  });

export const author = defineAgent({
  id: 'author',
  capabilities: ['text_generation'],
  invoke: (task) => {
    panelCalls.push({ agent: 'author', task });
    const previous = Object.values(task.context);
    if (task.revises === false && previous.length > 0) throw new Error('this one revises nothing');
    return previous.length === 0 ? 'draft 0' : `${previous.at(-1)}, revised`;
  },
});

export const strong = defineAgent({
  id: 'strong',
  capabilities: ['text_generation'],
  priority: -1,
  invoke: () => 'done well',
});

export const critic = defineAgent({
  id: 'critic',
  capabilities: ['data_analysis'],
  invoke: (task) => {
    panelCalls.push({ agent: 'critic', task });
    const said = Array.isArray(task.verdicts) ? task.verdicts : [];
    const key = JSON.stringify(task.input_key ?? task.task_id.replace(/\.\d+$/, ''));
    const count = verdicts.get(key) ?? 0;
    verdicts.set(key, count + 1);
    const verdict: unknown = said[Math.min(count, said.length - 1)];
    return typeof verdict === 'string' ? verdict : JSON.stringify(verdict);
  },
});

const scribe = defineAgent({
  id: 'scribe',
  capabilities: ['data_analysis'],
  priority: -1,
  invoke: (task) => {
    const previous = Object.values(task.context);
    return previous.length === 0 ? 'note' : `${previous.at(-1)}, noted`;
  },
});

/** Chooses the last of the answers, or makes one of them. */
export const judge = defineAgent({
  id: 'judge',
  capabilities: ['search'],
  priority: -5,
  invoke: (task) => {
    panelCalls.push({ agent: 'judge', task });
    const texts = Object.values(task.context);
    return String(task.judged ?? JSON.stringify({ choice: texts.length, reason: 'it is the last' }));
  },
});

export const agents = [
  voter('voter-1', 3),
  voter('voter-2', 2),
  voter('voter-3', 1),
  author,
  strong,
  critic,
  scribe,
  judge,
];
