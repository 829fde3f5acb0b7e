// Agents that do what a task's input says, for tests of the engine: in-process, one for every capability, two for `search`.
import { EventEmitter, once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { type AgentDefinition, type AgentTask, defineAgent } from '../../../src/agents/definition.ts';
import { Capability } from '../../../src/contracts/agent.ts';

/**
 * `ms` before the answer, `fail` on every call (a text is what it fails with), `failFirst` calls only, `hang` until aborted,
 * `hold` the first call until the test emits `release` (`deaf`: whatever its signal says), `words` streamed.
 */
export const Script = z.looseObject({
  ms: z.number().default(0),
  hold: z.boolean().default(false),
  deaf: z.boolean().default(false),
  fail: z.union([z.boolean(), z.string()]).default(false),
  failFirst: z.number().default(0),
  hang: z.boolean().default(false),
  words: z.array(z.string()).default([]),
});

export type Call = { readonly key: string; readonly task: string; readonly agent: string; readonly attempt: number };

/** What the agents of this process saw: the oracle for order and counts. `ended` has the task ids of good answers. */
export const seen = {
  calls: [] as Call[],
  /** Per idempotency key, when it began and ended on the monotonic clock. */
  began: new Map<string, number>(),
  ended: new Map<string, number>(),
  /** Emits `call` with each Call; a test emits `release` for the calls that are held. */
  events: new EventEmitter(),
};

async function* act(
  agent: string,
  task: AgentTask,
  context: { signal: AbortSignal; attempt: number; idempotencyKey: string },
) {
  const item = z.looseObject({}).catch({}).parse(task.item); // a map task's child does what its item says
  const script = Script.parse({ ...task, ...item });
  const key = context.idempotencyKey;
  const call = { key, task: task.task_id, agent, attempt: context.attempt };
  seen.calls.push(call);
  seen.began.set(key, performance.now());
  seen.events.emit('call', call);
  if (script.hang) await pause(60_000, undefined, { signal: context.signal });
  const calls = seen.calls.filter((each) => each.key === key).length;
  if (script.hold && calls === 1) await once(seen.events, 'release', script.deaf ? {} : { signal: context.signal });
  if (script.ms > 0) await pause(script.ms, undefined, { signal: context.signal });
  if (typeof script.fail === 'string') throw new Error(script.fail);
  if (script.fail || calls <= script.failFirst) throw new Error(`${task.task_id} was told to fail`);
  for (const word of script.words) yield word;
  if (script.words.length === 0) yield `${task.task_id} done`;
  seen.ended.set(key, performance.now());
}

const scripted = (id: string, capability: Capability): AgentDefinition =>
  defineAgent({ id, capabilities: [capability], stream: (task, context) => act(id, task, context) });

export const agents = [
  ...Capability.options.map((capability) => scripted(`${capability}-1`, capability)),
  scripted('search-2', 'search'),
];
