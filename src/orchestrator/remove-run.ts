import { isTerminal } from '../contracts/run.ts';
import { expiryJob } from '../flow/ask.ts';
import type { Flow } from '../flow/flow.ts';
import { joinTimers } from '../flow/join-timers.ts';
import { removeRun } from '../flow/remove.ts';
import { endingJobs } from '../flow/run-jobs.ts';
import { loadAskHeads } from '../journal/load-asks.ts';
import { loadSpawned } from '../journal/load-rounds.ts';
import { loadRecord } from '../journal/load-run.ts';
import { leaveSession } from '../journal/session.ts';
import { flowGraphOf } from '../plan/flow-graph.ts';
import { retireAgents } from '../registry/spawn-retire.ts';

/**
 * Removes a run that has ended: its jobs and its journal, as a whole. False while a worker has one of its jobs, or when it has not
 * ended: nothing is removed then but jobs, call again later.
 */
export async function removeEndedRun(flow: Flow, run: string): Promise<boolean> {
  const record = await loadRecord(flow.store, run);
  if (record !== undefined && !isTerminal(record.status)) return false;
  const nodes = record == null || record.plan === null ? [] : flowGraphOf(run, record.plan).nodes.toReversed();
  const spawned = [...(await loadSpawned(flow.store, run)).values()].flat();
  const all = [...nodes, ...spawned]; // a map task before its children: they would release it
  const expiries = (await loadAskHeads(flow.store, run)).map(({ ask }) => expiryJob(ask));
  const waits = nodes.filter(({ join }) => join !== undefined).flatMap(({ job }) => joinTimers(job));
  await retireAgents(flow.store, run);
  if (record?.session) await leaveSession(flow.store, record.session.id, run);
  const jobs = [...all.map(({ job }) => job), ...expiries, ...waits, ...endingJobs(run)];
  return removeRun(flow, { run, jobs, tasks: all.map(({ task }) => task.task_id) });
}
