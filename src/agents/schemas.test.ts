import { expect, test } from 'vitest';
import { z } from 'zod';
import { type AgentTask, defineAgent, toDescriptor } from './definition.ts';
import { runDefinition } from './run-definition.ts';

const context = { signal: AbortSignal.timeout(5_000), attempt: 1, idempotencyKey: 'r.t' } as Parameters<
  typeof runDefinition
>[2]; // no handler here talks with its run
const given = { task_id: 't', description: 'd', context: {}, failed_context: {} };

async function said(agent: Parameters<typeof runDefinition>[0], task: object): Promise<string> {
  const events = await Array.fromAsync(runDefinition(agent, { ...given, ...task } as AgentTask, context));
  return events
    .flatMap((event) => (event.type === 'message' || event.type === 'question' ? [event.text] : []))
    .join('');
}

const pricer = defineAgent({
  id: 'pricer',
  capabilities: ['custom'],
  input: z.strictObject({ item: z.string().regex(/^[a-z]+$/), count: z.int().positive().default(1) }),
  output: z.object({ total: z.number() }),
  invoke: ({ item, count, description }) => ({ total: item.length * count + description.length }),
});

test('the input schema is what an agent is chosen by, without what a registry does not check', () => {
  const { payload_schema } = toDescriptor(pricer, { transport: 'in_process' });
  expect(payload_schema.json_schema).toEqual({
    type: 'object',
    properties: {
      item: { type: 'string' },
      count: { type: 'integer', default: 1, exclusiveMinimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    },
    required: ['item'],
  });
});

test('fields that are called like keywords stay', () => {
  const agent = defineAgent({
    ...{ id: 'a', capabilities: ['custom'], reply: 'x' },
    input: z.object({ pattern: z.string(), properties: z.object({ pattern: z.email() }) }),
  });
  expect(toDescriptor(agent, { transport: 'in_process' }).payload_schema.json_schema).toMatchObject({
    properties: {
      pattern: { type: 'string' },
      properties: { properties: { pattern: { type: 'string', format: 'email' } } },
    },
  });
});

test('a handler gets its input as the schema gives it, and its answer goes as JSON', async () => {
  expect(await said(pricer, { item: 'lamp' })).toBe('{"total":5}');
  expect(await said(pricer, { item: 'lamp', count: 3, state: { x: 1 } })).toBe('{"total":13}');
});

test('input that does not fit is refused by name', async () => {
  await expect(said(pricer, { item: 'LAMP', count: 0, color: 'red' })).rejects.toMatchObject({
    code: 'invalid_request',
    faults: [{ path: 'item' }, { path: 'count' }, { message: expect.stringContaining('color') }],
  });
});

test('an answer that does not fit is the agent’s fault, and a question is none', async () => {
  const shape = { id: 'a', capabilities: ['custom'], output: z.object({ total: z.number() }) } as const;
  const wrong = { total: 'much' } as unknown as { total: number }; // what a handler in JavaScript may give
  await expect(said(defineAgent({ ...shape, invoke: () => wrong }), {})).rejects.toMatchObject({
    code: 'agent_protocol',
    message: expect.stringContaining('total: '),
  });
  expect(await said(defineAgent({ ...shape, invoke: () => ({ question: 'How much?' }) }), {})).toBe('How much?');
  const asked = { ...shape, output: z.object({ question: z.string() }), invoke: () => ({ question: 'a title' }) };
  expect(await said(defineAgent(asked), {})).toBe('{"question":"a title"}');
});
