import { BatonError } from '../contracts/error.ts';
import type { MapSpec, SubTask } from '../contracts/plan.ts';
import type { TaskResult } from '../contracts/result.ts';

/** How much of a value is shown in an error. */
const SHOWN_CHARS = 80;

type MapTask = Pick<SubTask, 'map' | 'input_data'>;

/**
 * The list a map task goes over: a field of its input, or JSON in a dependency's text. Throws map_invalid when there is none, or when
 * it is longer than the task allows.
 */
export function mapItems(task: MapTask, results: ReadonlyMap<string, TaskResult | undefined>): readonly unknown[] {
  if (task.map === undefined) throw new BatonError('map_invalid', 'This task says nothing of a list: expected "map".');
  const { source, value } = sourceOf(task.map, task.input_data, results);
  if (!Array.isArray(value)) throw new BatonError('map_invalid', `Expected a list ${source}, came ${shown(value)}.`);
  if (value.length > task.map.max_items) {
    const message = `Expected at most ${task.map.max_items} items ${source}, came ${value.length}: raise max_items or shorten the list.`;
    throw new BatonError('map_invalid', message);
  }
  return value;
}

type Source = { readonly source: string; readonly value: unknown };

function sourceOf(
  { over }: MapSpec,
  input: SubTask['input_data'],
  results: ReadonlyMap<string, TaskResult | undefined>,
): Source {
  if ('input' in over) return { source: `at "${over.input}" of the input`, value: follow(input, over.input) };
  const result = results.get(over.task);
  const place = over.path === '' ? '' : ` at "${over.path}"`;
  if (result?.status !== 'completed') {
    throw new BatonError(
      'map_invalid',
      `Expected a list from ${over.task}, which ${result?.status ?? 'has no result'}.`,
    );
  }
  const source = `in what ${over.task} gave${place}`;
  return { source, value: follow(parseJson(result.response, source), over.path) };
}

/** Models like to put JSON into a Markdown fence. */
function parseJson(text: string, source: string): unknown {
  const fenced = /^\s*```(?:json)?\s*\n([\s\S]*?)\n\s*```\s*$/i.exec(text);
  try {
    return JSON.parse(fenced?.[1] ?? text);
  } catch (cause) {
    throw new BatonError('map_invalid', `Expected JSON ${source}, came ${shown(text)}.`, { cause });
  }
}

/** The value at a path of names and positions with dots between; undefined where there is none. */
function follow(value: unknown, path: string): unknown {
  if (path === '') return value;
  return path.split('.').reduce<unknown>((at, name) => {
    const isContainer = typeof at === 'object' && at !== null;
    return isContainer && Object.hasOwn(at, name) ? (at as Record<string, unknown>)[name] : undefined; // it has this key
  }, value);
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : `${JSON.stringify(value)?.slice(0, SHOWN_CHARS)}`;
}
