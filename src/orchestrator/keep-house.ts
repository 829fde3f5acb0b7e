import { BatonError } from '../contracts/error.ts';
import { interruptId } from '../contracts/interrupt.ts';
import { RunJob, TimerJob } from '../contracts/job.ts';
import type { Verdict } from '../contracts/verdict.ts';
import type { Flow } from '../flow/flow.ts';
import { passTime } from '../flow/pass-time.ts';
import { closeStoppedRun } from './close-run.ts';
import { endAtDeadline } from './deadline.ts';
import { expireInterrupt } from './interrupts.ts';

const done: Verdict = { kind: 'done', status: 'passed' };

type HouseJob = { readonly name: string; readonly data: unknown };

/** What must not wait behind planning: the ends of runs, and of waits. A job that it does not know comes back, for a newer worker. */
export async function keepHouse(flow: Flow, { name, data }: HouseJob): Promise<Verdict> {
  const { run_id: run } = RunJob.parse(data);
  switch (name) {
    case 'close':
      return closeStoppedRun(flow, run);
    case 'deadline':
      return endAtDeadline(flow, run);
    case 'expiry':
      await expireInterrupt(flow, interruptId(run, TimerJob.parse(data).task));
      return done;
    case 'grace':
    case 'timeout': {
      const delayMs = await passTime(flow, TimerJob.parse(data));
      return delayMs === undefined ? done : { kind: 'again', delayMs };
    }
    default:
      throw new BatonError('internal', `Expected a job of housekeeping, came one called "${name}".`);
  }
}
