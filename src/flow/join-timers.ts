import { HOUSEKEEPING_QUEUE, type JobRef, jobIds, type TaskJob, type TimerJob } from '../contracts/job.ts';
import type { Settlement } from '../contracts/verdict.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Flow } from './flow.ts';
import { returningJob } from './job-options.ts';
import type { Grace } from './settle.ts';

const begin = loadScript(new URL('./begin-join.lua', import.meta.url));

/** Adds the job that acts when a wait of a task is over; its id derives from the wait, so adding it twice is harmless. */
export async function addTimer(flow: Flow, timer: TimerJob, delayMs: number): Promise<void> {
  const jobId = jobIds.timer(timer.job.id, timer.timer, timer.round);
  const options = { jobId, delay: Math.max(0, Math.round(delayMs)), ...returningJob, removeOnComplete: true };
  await flow.queue(HOUSEKEEPING_QUEUE).add(timer.timer, timer, options);
}

/** The jobs that a join may have waiting, whose own job this is. */
export function joinTimers({ id }: JobRef): readonly JobRef[] {
  const ids = [jobIds.timer(id, 'grace', 1), jobIds.timer(id, 'timeout', 1), jobIds.timer(id, 'timeout', 2)];
  return ids.map((timer) => ({ queue: HOUSEKEEPING_QUEUE, id: timer }));
}

/** The timeout of a join begins with the first start of a branch: called at each, it counts from the first. */
export async function beginJoins(flow: Flow, { run_id, edges }: TaskJob): Promise<void> {
  for (const { join, timed, queue, id } of edges) {
    if (join === undefined || timed !== true) continue;
    const args = [join, Date.now()];
    const left = await runScript(flow.store.redis, begin, { keys: [flow.store.keys.run(run_id).joins], args });
    const timer = { run_id, task: join, job: { queue, id }, timer: 'timeout', round: 1 } as const;
    if (left !== null) await addTimer(flow, timer, Number(left));
  }
}

/** The joins that a settled branch has brought into their grace go on when that is over. */
export async function addGraceTimers(
  flow: Flow,
  { run, edges }: Pick<Settlement, 'run' | 'edges'>,
  graces: readonly Grace[],
): Promise<void> {
  for (const { join, dueAt } of graces) {
    const job: JobRef | undefined = edges.find((edge) => edge.join === join);
    if (job === undefined) continue;
    const timer = { run_id: run, task: join, job: { queue: job.queue, id: job.id }, timer: 'grace', round: 1 } as const;
    await addTimer(flow, timer, dueAt - Date.now());
  }
}
