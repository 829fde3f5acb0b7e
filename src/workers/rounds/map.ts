import { BatonError } from '../../contracts/error.ts';
import { loadResultsOf } from '../../journal/load-results.ts';
import { measureResults, OUTPUT_BYTES } from '../../journal/measure-results.ts';
import { childrenOf } from '../../plan/map-children.ts';
import { mapItems } from '../../plan/map-items.ts';
import { collectChildren } from '../../plan/map-result.ts';
import type { Claimed } from '../attempt.ts';
import type { Pattern, Standing, Step } from './pattern.ts';

/** Run-time fan-out: one child per item of a list; the JSON array of their texts is the result. */
export const map: Pattern = async (standing) => (standing.rounds.length === 0 ? expand(standing) : collect(standing));

async function expand(standing: Standing): Promise<Step> {
  const { work, entry } = standing;
  const items = mapItems(work.data.task, await loadSource(standing));
  if (items.length === 0) return completed('[]');
  return { kind: 'spawn', children: childrenOf({ task: work.data.task, job: work.job, inputs: entry.inputs }, items) };
}

/** The dependency that has the list, whole: a claim shortens long texts. */
async function loadSource({ work, claim }: Claimed): Promise<Claimed['claim']['inputs']> {
  const { task, run_id: run } = work.data;
  const source = task.map !== undefined && 'task' in task.map.over ? task.map.over.task : undefined;
  if (source === undefined || claim.inputs.get(source) === undefined) return claim.inputs;
  return loadResultsOf(work.tools.flow.store, run, [source]);
}

async function collect({ work, rounds }: Standing): Promise<Step> {
  const { tools, data } = work;
  const ids = rounds.flatMap(({ children }) => children.map(({ task }) => task.task_id));
  const { longBytes } = await measureResults(tools.flow.store, data.run_id, ids);
  if (longBytes > OUTPUT_BYTES) throw new BatonError('output_too_large');
  const found = await loadResultsOf(tools.flow.store, data.run_id, ids);
  const results = ids.flatMap((id) => found.get(id) ?? []);
  const collected = collectChildren(results, { on_item_failure: data.task.map?.on_item_failure ?? 'partial' });
  if (collected.kind === 'failed') throw new BatonError('map_failed', collected.message);
  return completed(collected.response);
}

function completed(response: string): Step {
  return { kind: 'complete', delivery: { response, confidence: null, usage: null, truncated: false } };
}
