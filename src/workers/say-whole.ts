import type { TaskResult } from '../contracts/result.ts';
import { openPublisher } from '../streams/publisher.ts';
import type { Claimed } from './attempt.ts';
import { isSaidWithResult } from './task-events.ts';

/** Says a result's text, which nobody has heard yet, as one message, unless it is said together with the result. */
export async function sayWhole(
  { work, claim }: Claimed,
  { agent_id, streaming_mode, response }: TaskResult,
): Promise<void> {
  if (isSaidWithResult(streaming_mode, response)) return;
  const { run_id: run, task } = work.data;
  const head = { run, task: task.task_id, agent: agent_id, epoch: claim.epoch };
  const publisher = openPublisher({ store: work.tools.flow.store, ...head });
  try {
    await publisher.publish({ name: 'task.message', data: response, detail: {} });
    await publisher.flush();
  } finally {
    publisher.close();
  }
}
