import type { AgentDefinition } from '../agents/agent.ts';
import type { Model } from '../llm/model.ts';
import { requestMessages, textField, tokensOf } from './request-prompt.ts';

const role =
  'You are a translator. Translate the request into the target language and answer with the translation only. When the request merely points to a result of an earlier step, translate that result.';

/** The seed's translator-01: asks the model and passes its tokens on. */
export function translatorAgent(model: Model): AgentDefinition {
  return {
    id: 'translator-01',
    name: 'Translator',
    description: 'Translates text between languages using an LLM',
    capabilities: ['translation'],
    priority: 7,
    payload_schema: {
      required_fields: { text: 'string', target_language: 'string' },
      example: { text: 'Hello world', target_language: 'Spanish' },
    },
    stream: (task, { signal }) => {
      const request = textField(task, 'text', task.description);
      const targetLanguage = textField(task, 'target_language', 'English');
      return tokensOf(model.stream({ messages: requestMessages({ role, request, targetLanguage, task }), signal }));
    },
  };
}
