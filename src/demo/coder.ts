import type { AgentDefinition } from '../agents/agent.ts';
import type { Model } from '../llm/model.ts';
import { blocksOf } from './blocks.ts';
import { requestMessages, textField, tokensOf } from './request-prompt.ts';

const role =
  'You are a programmer. You write and explain code. Put code into fenced blocks, in the programming language that is named, and say what its time and space complexity are.';

/** The seed's coder-01: asks the model and sends each paragraph or code block as a message when it is complete. */
export function coderAgent(model: Model): AgentDefinition {
  return {
    id: 'coder-01',
    name: 'Code Assistant',
    description: 'Generates and explains code',
    capabilities: ['code_generation'],
    priority: 10,
    payload_schema: {
      required_fields: { query: 'string', language: 'string' },
      example: { query: 'Fibonacci function', language: 'python' },
    },
    messages: (task, { signal }) => {
      const request = textField(task, 'query', task.description);
      const codeLanguage = textField(task, 'language', 'python');
      return blocksOf(
        tokensOf(model.stream({ messages: requestMessages({ role, request, codeLanguage, task }), signal })),
      );
    },
  };
}
