import { expect, test } from 'vitest';
import { AgentDescriptor } from '../contracts/agent.ts';
import { AgentPayload, type DependencyContext } from '../contracts/payload.ts';
import { SubTask } from '../contracts/plan.ts';
import { toPayload } from './payload.ts';

const agentOf = (max_tokens: number | null) =>
  AgentDescriptor.parse({ agent_id: 'a', name: 'A', capabilities: ['custom'], static_response: 'x', max_tokens });

function payloadOf(
  task: object,
  dependencies: Readonly<Record<string, DependencyContext>> = {},
  maxTokens: number | null = null,
) {
  const parsed = SubTask.parse({ task_id: 't9', description: 'Do it.', required_capability: 'custom', ...task });
  return toPayload({ task: parsed, agent: agentOf(maxTokens), dependencies: new Map(Object.entries(dependencies)) });
}

const completed = (response: string | null): DependencyContext => ({ status: 'completed', response, error: null });

test('the input is at the top level, beside the task', () => {
  expect(payloadOf({ input_data: { query: 'q', n: [1] } })).toEqual({
    query: 'q',
    n: [1],
    task_id: 't9',
    description: 'Do it.',
    context: {},
    failed_context: {},
  });
});

test('the input cannot replace what baton says', () => {
  const forged = { task_id: 'x', description: 'x', context: { t1: 'x' }, failed_context: { t1: 'x' }, max_tokens: 'x' };
  expect(payloadOf({ input_data: forged })).toEqual({
    task_id: 't9',
    description: 'Do it.',
    context: {},
    failed_context: {},
  });
});

test("the agent's max_tokens is told to it", () => {
  expect(payloadOf({ input_data: { max_tokens: 7 } }, {}, 5)).toMatchObject({ max_tokens: 5 });
});

test('a completed dependency is told by its text, an empty text too', () => {
  const { context, failed_context } = payloadOf({ depends_on: ['a', 'b'] }, { a: completed('text'), b: completed('') });
  expect(context).toEqual({ a: 'text', b: '' });
  expect(failed_context).toEqual({});
});

test('a dependency without a text is named with what happened to it, never as an empty text', () => {
  const { context, failed_context } = payloadOf(
    { depends_on: ['failed', 'skipped', 'mute', 'lost', 'absent'] },
    {
      failed: { status: 'failed', response: 'half a text', error: 'the oven is cold' },
      skipped: { status: 'skipped', response: null, error: null },
      mute: { status: 'missing', response: null, error: '' },
      lost: completed(null),
    },
  );
  expect(context).toEqual({});
  expect(failed_context).toEqual({
    failed: 'failed: the oven is cold',
    skipped: 'skipped: no reason was recorded',
    mute: 'missing: no reason was recorded',
    lost: 'missing: no reason was recorded',
    absent: 'missing: there is no result of this task',
  });
});

test('only its own dependencies are told to a task, under any id', () => {
  const { context } = payloadOf(
    { depends_on: ['constructor'] },
    { constructor: completed('c'), other: completed('o') },
  );
  expect(Object.entries(context)).toEqual([['constructor', 'c']]);
  expect(payloadOf({ depends_on: ['toString'] }).failed_context).toHaveProperty('toString');
});

test('the payload is one that agents parse', () => {
  const payload = payloadOf({ depends_on: ['a'], input_data: { query: 'q' } }, { a: completed('x') }, 9);
  expect(AgentPayload.parse(JSON.parse(JSON.stringify(payload)))).toEqual(payload);
});
