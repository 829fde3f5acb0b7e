import { type Artifact, type ArtifactList, artifactLimits } from '../contracts/artifact.ts';
import { BatonError } from '../contracts/error.ts';
import { loadArtifacts } from '../journal/artifacts.ts';
import { loadSpawned } from '../journal/load-rounds.ts';
import { loadRecord } from '../journal/load-run.ts';
import type { Store } from '../journal/store.ts';
import { artifactTasks } from '../plan/artifact-tasks.ts';

/** The files that a run's tasks have written so far, by path; of two with one path that of the later task. Throws run_not_found. */
export async function listArtifacts(store: Store, run: string): Promise<ArtifactList> {
  const found = new Map<string, Artifact>();
  let leftOut = 0;
  for await (const files of loadArtifacts(store, run, await tasksOf(store, run))) {
    for (const { path, task, agent, text } of files) {
      const isNew = !found.has(path);
      if (isNew && found.size >= artifactLimits.filesPerRun) leftOut += 1;
      else
        found.set(path, {
          path,
          task_id: task,
          agent_id: agent,
          bytes: Buffer.byteLength(text),
          href: hrefOf(run, path),
        });
    }
  }
  const artifacts = [...found.values()].toSorted((left, right) => (left.path < right.path ? -1 : 1));
  return { run_id: run, artifacts, left_out: leftOut };
}

/** One of these files. Throws run_not_found, artifact_not_found. */
export async function readArtifact(store: Store, run: string, path: string): Promise<string> {
  const lastFirst = (await tasksOf(store, run)).toReversed();
  for await (const files of loadArtifacts(store, run, lastFirst)) {
    const file = files.find((each) => each.path === path);
    if (file !== undefined) return file.text;
  }
  throw new BatonError('artifact_not_found');
}

async function tasksOf(store: Store, run: string): Promise<readonly string[]> {
  const record = await loadRecord(store, run);
  if (record === undefined) throw new BatonError('run_not_found');
  if (record.plan === null) return [];
  const spawned = await loadSpawned(store, run);
  const children = new Map([...spawned].map(([task, list]) => [task, list.map((child) => child.task)]));
  return artifactTasks(record.plan, children);
}

function hrefOf(run: string, path: string): string {
  return `/v1/runs/${run}/artifacts/${path.split('/').map(encodeURIComponent).join('/')}`;
}
