import type { Capability } from '../contracts/agent.ts';
import { codeLanguages, languages, nounVerbs, phrases, verbs } from './lexicon.ts';
import { numbersIn } from './statistics.ts';
import { wordString, wordsOf } from './words.ts';

/** Among equals the more special one wins. */
const order: readonly Capability[] = [
  'translation',
  'summarization',
  'code_generation',
  'data_analysis',
  'search',
  'text_generation',
];

/** What follows these words is a topic, not the work itself: "a poem about Python" is no code. It counts half. */
const topicStart = / (?:about|regarding|concerning|called|titled) /;
/** The same for what is made: "a function that computes the mean" is no analysis. */
const purposeStart = / (?:about|regarding|concerning|called|titled|to|that|which|for|asking) /;

/** After these verbs the first thing named is what is wanted. */
const making = /^(?:write|create|generate|make|give|provide|draft)$/;

/** The capability that a clause's words speak for; text_generation when none does. */
export function chooseCapability(clause: string): Capability {
  const scores = scoreCapabilities(clause);
  const best = order.toSorted((left, right) => (scores.get(right) ?? 0) - (scores.get(left) ?? 0))[0];
  return best === undefined || (scores.get(best) ?? 0) === 0 ? 'text_generation' : best;
}

/** Points per capability: the leading verb, phrases anywhere (half in the topic), languages and numbers. */
export function scoreCapabilities(clause: string): ReadonlyMap<Capability, number> {
  const scores = new Map<Capability, number>();
  const add = (capability: Capability, points: number): void => {
    scores.set(capability, (scores.get(capability) ?? 0) + points);
  };
  // What stands in quotes is material: "Translate 'look up'" is no search.
  const text = wordString(clause.replace(/"[^"]*"|“[^”]*”|```[\s\S]*?```/g, ' '));
  const [lead = '', second = ''] = wordsOf(text);
  const isNoun = nounVerbs.has(lead) && (second === 'and' || second === 'or');
  for (const [capability, points] of Object.entries(isNoun ? {} : (verbs.get(lead) ?? nounVerbs.get(lead) ?? {}))) {
    // Object.entries forgets that the keys are capabilities.
    add(capability as Capability, points);
  }
  const makes = making.test(lead);
  const topic = (makes ? purposeStart : topicStart).exec(text)?.index ?? text.length;
  const found = phrases
    .map((phrase) => ({ ...phrase, at: text.indexOf(` ${phrase.words} `) }))
    .filter(({ at }) => at >= 0);
  for (const { capability, weight, at } of found) add(capability, at < topic ? weight : weight / 2);
  const object = found.toSorted((left, right) => left.at - right.at)[0];
  if (makes && object !== undefined && object.at < topic) add(object.capability, 3);
  if (lead === 'why' || lead === 'how') add('text_generation', 2);
  if (targetLanguageOf(clause) !== null) add('translation', 2);
  if (/^(?:translate|convert|port|rewrite)$/.test(lead) && targetsCode(text)) add('code_generation', 8);
  if (numbersIn(clause).length >= 3) add('data_analysis', 2);
  return scores;
}

function targetsCode(text: string): boolean {
  return [...codeLanguages.keys()].some((word) => text.includes(` to ${word} `) || text.includes(` into ${word} `));
}

/** "into French" -> "French"; null when no language of people is named so. */
export function targetLanguageOf(clause: string): string | null {
  const text = wordString(clause);
  const named = languages.find((language) =>
    ['into', 'to', 'in'].some((word) => text.includes(` ${word} ${language.toLowerCase()} `)),
  );
  return named ?? null;
}
