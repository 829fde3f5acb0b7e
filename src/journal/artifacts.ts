import { filesInText } from '../contracts/files-in-text.ts';
import { loadResultsOf } from './load-results.ts';
import type { Store } from './store.ts';

/** A file, and whose answer holds it. */
export type StoredFile = {
  readonly path: string;
  readonly task: string;
  readonly agent: string;
  readonly text: string;
};

/**
 * The files of these tasks, task by task: an answer may be a million characters, so only one is held at a time. They lie in the
 * results themselves: they appear with a result, in the same step, are what a fork takes over with it, and leave with the run.
 */
export async function* loadArtifacts(
  store: Store,
  run: string,
  tasks: readonly string[],
): AsyncGenerator<readonly StoredFile[]> {
  for (const task of tasks) {
    const result = (await loadResultsOf(store, run, [task])).get(task);
    if (result?.status !== 'completed') continue;
    const files = Object.entries(filesInText(result.response));
    yield files.map(([path, text]) => ({ path, task, agent: result.agent_id, text }));
  }
}
