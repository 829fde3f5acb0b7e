// Plans a query by rules and keywords when there is no language model (the seed's keyword choice, done on whole words). Pure.
import type { Capability } from '../contracts/agent.ts';
import { chooseCapability, targetLanguageOf } from './choose-capability.ts';
import { type Clause, clausesOf } from './clauses.ts';
import { codeLanguages } from './lexicon.ts';
import { findDependencies, type Step } from './references.ts';
import { numbersIn } from './statistics.ts';
import { hasPhrase } from './words.ts';

/** One task of a keyword plan, with the names of the contract; its input_data are texts only. */
export type KeywordTask = {
  readonly task_id: string;
  readonly description: string;
  readonly required_capability: Capability;
  readonly input_data: Readonly<Record<string, string>>;
  readonly depends_on: readonly string[];
};
/** A plan made by keywords. */
export type KeywordPlan = { readonly reasoning: string; readonly sub_tasks: readonly KeywordTask[] };

/** A plan of 1 to 20 tasks t1..tn; the input_data fit the demo agents' payload schemas. */
export function planByKeywords(query: string): KeywordPlan {
  const clauses = clausesOf(query);
  const steps = clauses.map(stepOf);
  const needs = findDependencies(steps);
  const tasks = clauses.map((clause, index) => {
    const capability = steps[index]?.capability ?? 'text_generation';
    return {
      task_id: `t${index + 1}`,
      description: descriptionOf(clause.text),
      required_capability: capability,
      input_data: inputOf(clause, capability, query),
      depends_on: (needs[index] ?? []).map((earlier) => `t${earlier + 1}`),
    };
  });
  return { reasoning: reasoningOf(tasks), sub_tasks: tasks };
}

function stepOf(clause: Clause): Step {
  const capability = chooseCapability(clause.text);
  const material =
    materialOf(clause) !== null || (capability === 'data_analysis' && numbersIn(wholeOf(clause)).length > 1);
  return { text: wholeOf(clause), capability, follows: clause.follows, hasMaterial: material };
}

function wholeOf({ before, text, after }: Clause): string {
  return [before, text, after].filter((part) => part !== '').join(' ');
}

function descriptionOf(text: string): string {
  const bare = text.trim().replace(/[\s.,;]+$/, '');
  return `${bare.charAt(0).toUpperCase()}${bare.slice(1, 2_000)}`;
}

function inputOf(clause: Clause, capability: Capability, query: string): Readonly<Record<string, string>> {
  const whole = wholeOf(clause);
  const material = materialOf(clause);
  switch (capability) {
    case 'code_generation':
      return { query: whole, language: codeLanguageOf(whole) ?? codeLanguageOf(query) ?? 'python' };
    case 'translation':
      return { text: material ?? translatedPart(clause.text), target_language: targetOf(clause.text) };
    case 'summarization':
      return { query: whole, ...(material !== null && { text: material }) };
    case 'text_generation':
    case 'data_analysis':
    case 'search':
    case 'custom':
      return { query: whole };
    default:
      return capability satisfies never;
  }
}

/** The text that a clause brings along: in quotes, or after a colon. */
function materialOf({ text, after }: Clause): string | null {
  const inQuotes = [...text.matchAll(/["“]([^"”]{2,})["”]|(?<!\w)'([^']{2,})'(?!\w)/g)].map(
    ([, double, one]) => double ?? one,
  );
  if (inQuotes.length > 0) return inQuotes.join('\n');
  const [, afterColon] = /:\s+(\p{L}[\s\S]*)$/u.exec(text) ?? [];
  return afterColon === undefined ? null : `${afterColon} ${after}`.trim();
}

/** What stands between "translate" and its target: often a reference, which the translator resolves from its context. */
function translatedPart(text: string): string {
  const [, part] = /^translate\s+(.+?)\s+(?:in)?to\s+\p{L}+/iu.exec(text) ?? [];
  return part ?? text;
}

function targetOf(text: string): string {
  const [, unknown] = /\b(?:in)?to\s+(\p{Lu}\p{L}+)/u.exec(text) ?? [];
  return targetLanguageOf(text) ?? unknown ?? 'English';
}

/** "Convert this Python code to JavaScript" wants JavaScript: what follows "to" or "in" comes first. */
function codeLanguageOf(text: string): string | null {
  const words = [...codeLanguages.keys()];
  const target = words.find((word) => ['to', 'into', 'in'].some((before) => hasPhrase(text, `${before} ${word}`)));
  const named = target ?? words.find((word) => hasPhrase(text, word));
  return named === undefined ? null : (codeLanguages.get(named) ?? null);
}

function reasoningOf(tasks: readonly KeywordTask[]): string {
  const waiting = tasks.filter((task) => task.depends_on.length > 0).length;
  const count = tasks.length === 1 ? '1 task' : `${tasks.length} tasks`;
  return `Planned by keywords, without a language model: ${count}, ${waiting} of which wait${waiting === 1 ? 's' : ''} for others.`;
}
