import { randomUUID } from 'node:crypto';
import { BatonError } from '../../contracts/error.ts';
import { ORCHESTRATOR } from '../../contracts/ids.ts';
import { type Edge, type JobRef, jobIds, ORCHESTRATOR_QUEUE, ROOT_QUEUE } from '../../contracts/job.ts';
import { type TaskResult, unfinishedTask } from '../../contracts/result.ts';
import { resultEvent } from '../../contracts/result-event.ts';
import type { Stop } from '../../contracts/run.ts';
import type { Flow } from '../../flow/flow.ts';
import { passTime } from '../../flow/pass-time.ts';
import { recordResult } from '../../flow/record-result.ts';
import { releaseJob, reviveJob } from '../../flow/revive.ts';
import { claimTask } from '../../journal/claim.ts';
import { loadResultsOf } from '../../journal/load-results.ts';
import { stopAfter } from '../../plan/failure-stop.ts';
import { allEdgesOf, type FlowSource, flowSourceOf } from '../../plan/flow-graph.ts';
import { failsRunNow } from '../../plan/patch-graph.ts';
import { stopRun } from '../cancel-run.ts';
import { deadlineStop } from '../deadline.ts';
import { endStopped } from '../end-stopped.ts';
import { expireInterrupt } from '../interrupts.ts';
import { takeTurn } from '../session-turn.ts';
import type { Finding } from './findings.ts';
import type { InspectedTask, Inspection } from './inspect-run.ts';

export type Patient = { readonly flow: Flow; readonly run: string; readonly inspection: Inspection };

/** Mends one finding. Every write checks its own condition again, so a finding that is out of date changes nothing. */
export async function mend(patient: Patient, finding: Finding): Promise<void> {
  const { flow, run } = patient;
  const root = { queue: ROOT_QUEUE, id: jobIds.root(run) };
  switch (finding.kind) {
    case 'not_submitted':
      return reviveJob(flow, { queue: ORCHESTRATOR_QUEUE, id: jobIds.plan(run) }, { name: 'plan', run_id: run });
    case 'turn_due':
      return void (await takeTurn(flow, run, finding.place));
    case 'not_closed':
      return endStoppedRun(patient);
    case 'past_deadline':
      return void (await stopRun(flow, run, deadlineStop));
    case 'lost':
      return settleLost(patient, finding.task);
    case 'unresolved':
      return resolveEdges(patient, finding.task);
    case 'unreleased':
      return releaseJob(flow, finding.task.job);
    case 'no_root':
      return reviveJob(flow, root, { name: 'root', run_id: run });
    case 'root_unreleased':
      return releaseJob(flow, root);
    case 'ask_expired':
      return expireInterrupt(flow, finding.id);
    case 'timer_lost':
      return passLostTime(patient, finding);
    default:
      return finding satisfies never;
  }
}

/** Whoever told it to stop died before the job that ends it was there. Its tasks get the time that they get otherwise. */
async function endStoppedRun({ flow, run, inspection: { stop, closeJob } }: Patient): Promise<void> {
  if (closeJob.state === 'missing' && stop !== null) await stopRun(flow, run, stop);
  else await endStopped(flow, run);
}

/** Claims the task, so that whoever still works on it can write nothing more, and records that its job is gone. */
async function settleLost(patient: Patient, { id, job, parent }: InspectedTask): Promise<void> {
  const { flow, run } = patient;
  const claim = await claimTask(flow.store, {
    run,
    task: id,
    token: randomUUID(),
    dependencies: [],
    needed: 0,
    announce: [],
  });
  if (!('epoch' in claim) || claim.state === 'closed') return;
  const error = new BatonError('job_lost').toRecord();
  const head = { task_id: id, agent_id: ORCHESTRATOR, attempts: claim.epoch, latency_ms: claim.elapsedMs };
  const result = unfinishedTask(head, 'failed', error);
  const events = [resultEvent(result)];
  const edges = edgesOf(patient, id, parent);
  const stop = parent === undefined ? stopOf(patient, result) : undefined;
  await recordResult(flow, { run, epoch: claim.epoch, result, events, job, edges, tree: true, stop });
}

function stopOf({ run, inspection }: Patient, result: TaskResult): Stop | undefined {
  const { plan, reused, replaced } = inspection;
  const task = plan?.sub_tasks.find(({ task_id }) => task_id === result.task_id);
  if (plan === null || task === undefined) return undefined;
  const isNeeded = failsRunNow({ run, plan, replaced: [...reused, ...replaced] }, task.task_id);
  return stopAfter({ task, failsRun: isNeeded }, result);
}

/** Settles again what has settled: the result stays, and every edge that is still there goes. */
async function resolveEdges(patient: Patient, { id, job, parent }: InspectedTask): Promise<void> {
  const result = (await loadResultsOf(patient.flow.store, patient.run, [id])).get(id);
  if (result === undefined) return;
  const edges = edgesOf(patient, id, parent);
  const { flow, run } = patient;
  await recordResult(flow, { run, epoch: 0, result, events: [], job, edges, tree: true, stop: undefined });
}

/** All of a task's edges, those included that BullMQ would resolve with its job's end. */
function edgesOf(patient: Patient, id: string, parent: string | undefined): readonly Edge[] {
  if (parent !== undefined) return patient.inspection.tasks.flatMap((task) => (task.id === parent ? [task.job] : []));
  const source = sourceOf(patient);
  return source === undefined ? [] : allEdgesOf(source, id);
}

/** Which tasks were there from the beginning is what counts here, not how they had ended. */
function sourceOf({ run, inspection }: Patient): FlowSource | undefined {
  if (inspection.plan === null) return undefined;
  const seeds = new Map(inspection.reused.map((reused) => [reused, 'completed' as const]));
  return flowSourceOf(run, inspection.plan, { seeds });
}

async function passLostTime(
  { flow, run, inspection }: Patient,
  finding: Extract<Finding, { kind: 'timer_lost' }>,
): Promise<void> {
  const { join, timer, round } = finding;
  const job: JobRef | undefined = inspection.tasks.find(({ id }) => id === join)?.job;
  if (job !== undefined) await passTime(flow, { run_id: run, task: join, job, timer, round });
}
