import type { AgentCall } from '../agents/call.ts';
import { type AgentDescriptor, isSelfContained } from '../contracts/agent.ts';
import type { CachedResult, TaskResult } from '../contracts/result.ts';
import { loadCached, saveCached } from '../journal/cached-result.ts';
import { asksAfter } from '../plan/interrupts.ts';
import { openPublisher } from '../streams/publisher.ts';
import { selection } from './announcements.ts';
import type { Attempt, Work } from './attempt.ts';
import { cacheDigest } from './cache-digest.ts';
import type { Choice } from './choice.ts';
import { isSaidWithResult } from './task-events.ts';
import { completedResult } from './task-result.ts';

/** Under which digest a call's result may be taken from the cache, and filed there; undefined when it may not. */
export function filingOf(
  { data, answered }: Work,
  agent: AgentDescriptor,
  callOf: () => AgentCall,
): string | undefined {
  if (data.task.cache !== true || isSelfContained(agent) || answered !== undefined) return undefined;
  return asksAfter(data.task) ? undefined : cacheDigest(agent, callOf().payload); // a human may still change it
}

/** The result of an equal call that was made before, said with cache.hit: nobody is called and nothing is paid. Undefined when there is none. */
export async function takeCached(attempt: Attempt, choice: Choice, digest: string): Promise<TaskResult | undefined> {
  const cached = await loadCached(attempt.work.tools.flow.store, digest, Date.now());
  if (cached === undefined) return undefined;
  const result = resultOf(attempt, choice, cached);
  await say(attempt, choice, { cached, result });
  return result;
}

/** Files a result that counts. */
export async function fileResult({ tools, data }: Work, digest: string, result: TaskResult): Promise<void> {
  const { run_id: run, task } = data;
  const { response, confidence, truncated } = result;
  if (truncated || response === '') return;
  await saveCached(tools.flow.store, digest, { run, task: task.task_id, at: Date.now(), response, confidence });
}

const NOTHING = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } as const;

function resultOf(
  { work, claim, beganAt }: Attempt,
  { agent }: Choice,
  { response, confidence }: CachedResult,
): TaskResult {
  const latencyMs = performance.now() - beganAt;
  const delivery = { response, confidence, usage: NOTHING, truncated: false };
  const result = completedResult({ task: work.data.task.task_id, epoch: claim.epoch, agent, latencyMs }, delivery);
  return { ...result, cost: 0, streaming_mode: 'static' };
}

type Hit = { readonly cached: CachedResult; readonly result: TaskResult };

async function say({ work, claim }: Attempt, { agent, ranking }: Choice, { cached, result }: Hit): Promise<void> {
  const { run_id: run, task } = work.data;
  const head = { run, task: task.task_id, agent: agent.agent_id, epoch: claim.epoch };
  const publisher = openPublisher({ store: work.tools.flow.store, ...head });
  try {
    if (ranking !== undefined) await publisher.publish(selection(agent, ranking));
    const detail = { from: `${cached.run}.${cached.task}`, age_ms: Date.now() - cached.at };
    await publisher.publish({ name: 'cache.hit', data: 'An equal call was made before.', detail });
    if (!isSaidWithResult('static', result.response))
      await publisher.publish({ name: 'task.message', data: result.response, detail: {} });
    await publisher.flush();
  } finally {
    publisher.close();
  }
}
