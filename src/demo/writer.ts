import type { AgentDefinition } from '../agents/agent.ts';
import type { Model } from '../llm/model.ts';
import { requestMessages, textField, tokensOf } from './request-prompt.ts';

const role =
  'You are a creative writer. You write stories, poems, letters and marketing copy. Answer with the text that is asked for, and nothing else.';

/** The seed's writer-01: asks the model and passes its tokens on. */
export function writerAgent(model: Model): AgentDefinition {
  return {
    id: 'writer-01',
    name: 'Creative Writer',
    description: 'Generates creative text, stories, and marketing copy',
    capabilities: ['text_generation'],
    priority: 10,
    timeout_seconds: 60,
    payload_schema: { required_fields: { query: 'string' }, example: { query: 'Write a haiku about AI' } },
    stream: (task, { signal }) => {
      const request = textField(task, 'query', task.description);
      return tokensOf(model.stream({ messages: requestMessages({ role, request, task }), signal }));
    },
  };
}
