import type { MergeView } from '../contracts/merge.ts';
import { normalisedAnswer } from './answer-form.ts';
import { jsonObjectIn } from './json-answer.ts';

/** What a task said. */
export type Saying = { readonly task: string; readonly text: string };

/** Contradictions that one merge tells, and characters of a value in one. */
const MOST = 20;
const VALUE_CHARS = 200;
/** Longer texts are documents and no records of fields. */
const TEXT_CHARS = 100_000;

/**
 * Fields to which results that are JSON objects give different values. Only what can be compared is: texts, numbers and truth values of
 * the same name; what prose says is the synthesis' to weigh.
 */
export function contradictionsOf(sayings: readonly Saying[]): MergeView['contradictions'] {
  const comparable = sayings.filter(({ text }) => text.length <= TEXT_CHARS);
  const said = comparable.flatMap(({ task, text }) =>
    Object.entries(jsonObjectIn(text) ?? {})
      .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
      .map(([field, value]) => ({ task, field, json: JSON.stringify(value) })),
  );
  return [...Map.groupBy(said, ({ field }) => field)]
    .filter(([, values]) => new Set(values.map(({ json }) => normalisedAnswer(json))).size > 1)
    .slice(0, MOST)
    .map(([field, values]) => ({
      field,
      values: Object.fromEntries(values.map(({ task, json }) => [task, json.slice(0, VALUE_CHARS)])),
    }));
}
