import { JoinRelease } from '../contracts/join.ts';
import { runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { loadFlowScript } from './flow-script.ts';

const script = loadFlowScript('close-join', ['release', 'park', 'join']);

/**
 * How a join whose job runs was released. One that nothing has released, because a branch's job is gone or all branches were there
 * from the beginning, is released here; undefined while one of its branches has no result yet.
 */
export async function closeJoin({ redis, keys }: Store, run: string, task: string): Promise<JoinRelease | undefined> {
  const names = keys.run(run);
  const reply = await runScript(redis, script, {
    keys: [
      ...[names.run, names.tasks, names.results, names.events, names.joins],
      ...[names.spawned, names.parked, names.asks, keys.interrupts],
    ],
    args: [task, Date.now(), keys.controlChannel, run],
  });
  return reply === '' ? undefined : JoinRelease.parse(JSON.parse(String(reply)));
}
