import type { Capability } from '../contracts/agent.ts';
import { wordString } from './words.ts';

/** What the search for references needs to know of one step. */
export type Step = {
  /** Everything the query says about the step. */
  readonly text: string;
  readonly capability: Capability;
  readonly follows: boolean;
  /** The step brings the text or the numbers it works on along. */
  readonly hasMaterial: boolean;
};

/** What a step of each capability leaves behind, as later steps may call it. */
const products: Readonly<Record<Capability, readonly string[]>> = {
  text_generation: ['poem', 'haiku', 'story', 'essay', 'text', 'letter', 'email', 'article', 'song', 'joke', 'speech'],
  code_generation: ['code', 'function', 'program', 'script', 'class', 'algorithm', 'implementation', 'query'],
  data_analysis: ['analysis', 'statistics', 'numbers', 'figures', 'mean', 'average', 'trend'],
  summarization: ['summary', 'bullet points', 'key points'],
  translation: ['translation'],
  search: ['facts', 'fact', 'information', 'findings', 'answer'],
  custom: [],
};

const several =
  /\b(?:them|they|their|both|these|those|everything|all of (?:it|this|that)|all (?:the )?results|the (?:results|findings|answers|outputs|facts))\b/i;
const single =
  /\b(?:it|its|this|the (?:result|output|answer|above|same|finding|latter))\b|^\S+ that\b|\bthat (?:into|to|in|as)\b|\bthat$/i;
/** The antecedent stands in the same clause: "a dog and its owner", "both cats and dogs". */
const inside = /\b\w+ and (?:its|their)\b|\bboth \S+(?: \S+)? and\b/gi;
const needsInput: ReadonlySet<Capability> = new Set(['summarization', 'translation', 'data_analysis']);

/**
 * For each step the indexes of the earlier steps it needs, ascending: "then" and "it" mean the step before, "them" all
 * steps whose output nobody has used yet (or all, when that is one), "the poem" the step that made one. A summary, translation or analysis with
 * nothing of its own to work on takes the step before.
 */
export function findDependencies(steps: readonly Step[]): readonly (readonly number[])[] {
  const found: number[][] = [];
  for (const [index, step] of steps.entries()) {
    const used = new Set(found.flat());
    const open = found.map((_, earlier) => earlier).filter((earlier) => !used.has(earlier));
    found.push(index === 0 ? [] : needsOf(step, steps.slice(0, index), open));
  }
  return found;
}

function needsOf(step: Step, earlier: readonly Step[], open: readonly number[]): number[] {
  const last = earlier.length - 1;
  const text = step.text.replace(inside, ' ');
  if (!step.hasMaterial && several.test(text)) return open.length > 1 ? [...open] : [...earlier.keys()];
  const named = lastProducer(text, step.hasMaterial ? [] : earlier);
  if (named !== null) return step.follows && named !== last ? [named, last] : [named];
  const points = !step.hasMaterial && (single.test(text) || needsInput.has(step.capability));
  return points || step.follows ? [last] : [];
}

/** The latest step whose product is called by its name: "the poem", "that function". */
function lastProducer(text: string, steps: readonly Step[]): number | null {
  const words = wordString(text);
  const index = steps.findLastIndex((step) =>
    products[step.capability].some((product) =>
      ['the', 'that', 'this'].some((article) => words.includes(` ${article} ${product} `)),
    ),
  );
  return index < 0 ? null : index;
}
