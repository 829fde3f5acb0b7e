import type { Stop } from '../contracts/run.ts';
import type { Verdict } from '../contracts/verdict.ts';
import type { Flow } from '../flow/flow.ts';
import { stopRun } from './cancel-run.ts';

/** At its deadline a run ends with what its tasks have delivered so far. */
export const deadlineStop: Stop = {
  as: 'partial',
  code: 'run_deadline',
  message: 'The run reached its deadline: this is what was done by then.',
};

/** The deadline job of a run. */
export async function endAtDeadline(flow: Flow, run: string): Promise<Verdict> {
  await stopRun(flow, run, deadlineStop);
  return { kind: 'done', status: 'stopped' };
}
