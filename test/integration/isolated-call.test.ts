// A call in a process of its own: what it says comes whole and in order, and no faster than it is taken.
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type AgentDefinition, toDescriptor } from '../../src/agents/definition.ts';
import { invokeIsolated } from '../../src/workers/isolate/invoke-isolated.ts';
import { deadly } from '../support/agents/deadly.ts';
import { flooding, quick, silent, WORDS } from '../support/agents/flooding.ts';

function call(module: string, agent: AgentDefinition) {
  const payload = { task_id: 'a', description: 'x', context: {}, failed_context: {} };
  return invokeIsolated([`test/support/agents/${module}.ts`], {
    agent: toDescriptor(agent, { transport: 'in_process' }),
    call: { runId: 'r', taskId: 'a', attempt: 1, payload, idempotencyKey: 'r.a' },
    signal: AbortSignal.timeout(20_000),
  });
}

test('an agent that is quicker than its listener loses nothing', async () => {
  let text = '';
  for await (const event of call('flooding', quick)) {
    await turn();
    if (event.type === 'token') text += event.text;
  }
  expect(text).toBe(Array.from({ length: WORDS }, (_, word) => `${word} `).join(''));
});

test('a process that says more than it is asked for is ended, and what it said is not kept', async () => {
  const heard: unknown[] = [];
  const listening = async (): Promise<void> => {
    for await (const event of call('flooding', flooding)) heard.push(event);
  };
  await expect(listening()).rejects.toMatchObject({ code: 'output_too_large' });
  expect(heard.length).toBeLessThan(WORDS);
});

test('a process that ends during its call is a failed call', async () => {
  const events = call('deadly', deadly)[Symbol.asyncIterator]();
  await expect(events.next()).rejects.toMatchObject({ code: 'worker_died' });
});

test('a reader that leaves while it waits for a word ends the call at once', async () => {
  const events = call('flooding', silent)[Symbol.asyncIterator]();
  expect(await events.next()).toMatchObject({ value: { text: 'a word' } });
  const waiting = expect(events.next()).rejects.toMatchObject({ code: 'cancelled' });
  await events.return?.();
  await waiting;
});
