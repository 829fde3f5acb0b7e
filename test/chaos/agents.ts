// The agents of the soak: HTTP servers of this process, which is never hurt, so what they were asked is known for sure.
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { defineAgent } from '../../src/agents/definition.ts';
import { type ServedAgent, serveAgent } from '../../src/agents/serve.ts';
import type { Capability } from '../../src/contracts/agent.ts';

/** One call of an agent, as the agent saw it: ms since 1970. */
export type Call = { readonly key: string; readonly attempt: number; readonly beganAt: number };

const Task = z.looseObject({
  task_id: z.string(),
  fail: z.boolean().default(false),
  ms: z.number().default(0),
  item: z.looseObject({}).catch({}).default({}),
});

/** Agents take this much longer than the plan says, so that faults meet calls. */
const CALL_MS = 150;
const WORDS = 5;

/** Serves one agent per capability that plans use; `calls` is their log. */
export async function serveAgents(batonUrl: string): Promise<AsyncDisposable & { readonly calls: readonly Call[] }> {
  const calls: Call[] = [];
  const stack = new AsyncDisposableStack();
  for (const capability of ['custom', 'search', 'summarization'] satisfies Capability[]) {
    const agent: ServedAgent = await serveAgent(talker(capability, calls), {
      batonUrl,
      signals: false,
      log: () => undefined,
    });
    stack.use(agent);
  }
  return { calls, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

function talker(capability: Capability, calls: Call[]) {
  return defineAgent({
    id: `${capability}-agent`,
    capabilities: [capability],
    async *stream(given, { signal, attempt, idempotencyKey }) {
      const task = Task.parse({ ...given, ...Object(given.item) });
      calls.push({ key: idempotencyKey ?? '', attempt: attempt ?? 0, beganAt: Date.now() });
      for (let word = 1; word <= WORDS; word += 1) {
        await pause((CALL_MS + task.ms) / WORDS, undefined, { signal });
        yield `${task.task_id}-${attempt}-${word} `;
      }
      if (task.fail) throw new Error('told to fail');
    },
  });
}
