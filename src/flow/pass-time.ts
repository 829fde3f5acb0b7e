import { BatonError } from '../contracts/error.ts';
import { ORCHESTRATOR } from '../contracts/ids.ts';
import type { TimerJob } from '../contracts/job.ts';
import { runScript } from '../journal/script.ts';
import type { Flow } from './flow.ts';
import { loadFlowScript } from './flow-script.ts';
import { addTimer } from './join-timers.ts';

const script = loadFlowScript('pass-time', ['release', 'park', 'join']);

/**
 * A join's grace or time is over: it goes on, unless it has, or its missing branches are given to other agents, once, with a fresh
 * time. Gives back ms after which to come again when it is too early: a pause has moved that time. Repeating it is harmless.
 */
export async function passTime(flow: Flow, timer: TimerJob): Promise<number | undefined> {
  const { redis, keys } = flow.store;
  const run = keys.run(timer.run_id);
  const error = new BatonError('redispatched').toRecord();
  const reply = await runScript(redis, script, {
    keys: [run.run, run.tasks, run.results, run.events, run.joins, run.spawned, run.parked, run.asks, keys.interrupts],
    args: [
      ...[timer.task, timer.timer, timer.round, Date.now(), keys.controlChannel, timer.run_id],
      ...[ORCHESTRATOR, `Trying again: ${error.message}`, JSON.stringify({ error, delay_ms: 0 })],
    ],
  });
  const [outcome, ms] = reply as [string, number?]; // the script returns nothing else
  if (outcome === 'redispatched') await addTimer(flow, { ...timer, round: 2 }, Number(ms));
  return outcome === 'early' ? Number(ms) : undefined;
}
