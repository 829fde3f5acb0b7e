import type { AgentDefinition, AgentTask } from '../agents/agent.ts';
import { withoutLabel } from './offline-label.ts';
import { textField } from './request-prompt.ts';
import { wordsOf } from './words.ts';

const MAX_POINTS = 3;
/** A shorter `text` beside earlier results only points to them: "the summary of step one". */
const REFERENCE_CHARS = 120;

/** Words too common to tell sentences apart, and those that order a summary. */
const common: ReadonlySet<string> = new Set(
  `a an the and or but of to in on for with by from as at is are was were be been it its this that these those they them
   their there here into than then so not no can will would may each every all any some which who what when where how
   i you he she we his her our your has have had do does did up if about please me
   summarize summarise summary condense recap shorten key main points bullet text following result results output everything`.split(
    /\s+/,
  ),
);

/** The seed's summarizer-01: picks the sentences that say most. Asks no model. */
export function summarizerAgent(): AgentDefinition {
  return {
    id: 'summarizer-01',
    name: 'Summarizer',
    description:
      'Summarizes long text into concise bullet points; without a text, it summarizes the results it depends on',
    capabilities: ['summarization'],
    priority: 8,
    payload_schema: {
      optional_fields: { text: 'string', query: 'string' },
      example: { text: 'A long text ...', query: 'Summarize the main risks' },
    },
    invoke: (task) => {
      const material = materialOf(task);
      if (material === '')
        return { response: 'There is no text to summarize, neither given nor from earlier work.', confidence: 0 };
      return { response: summarize(material, textField(task, 'query', task.description)), confidence: 0.8 };
    },
  };
}

function materialOf(task: AgentTask): string {
  const given = textField(task, 'text', '').trim();
  const earlier = Object.values(task.context).map(withoutLabel).join('\n\n').trim();
  return earlier !== '' && given.length < REFERENCE_CHARS ? earlier : given;
}

/**
 * Up to three sentences of a text as bullet points, in their order: those about what the request asks for ("its time
 * complexity"), else those whose words are the most frequent. Says so when the text has nothing about it.
 */
export function summarize(material: string, request: string): string {
  const sentences = sentencesOf(material);
  if (sentences.length === 0) return `- The text is code only, ${material.split('\n').length} lines of it.`;
  const focus = new Set(wordsOf(request.split(':')[0] ?? '').filter(isTelling));
  const onFocus = sentences.filter((sentence) => shareOf(focus, sentence) >= 0.5);
  if (onFocus.length > 0) return toPoints(onFocus.slice(0, MAX_POINTS));
  const points = toPoints(mostTelling(sentences));
  const missed = focus.has('complexity') ? '- The text says nothing about complexity.\n' : '';
  return `${missed}${points}`;
}

/** Sentences of the prose; code is left out, and lines of a list count as sentences. */
function sentencesOf(text: string): readonly string[] {
  return text
    .replace(/```[\s\S]*?(?:```|$)/g, '\n')
    .split(/(?<=[.!?])\s+(?=[\p{Lu}\d"(])|\n+/u)
    .map((sentence) => sentence.replace(/^[\s\-*•#]+/, '').trim())
    .filter((sentence) => wordsOf(sentence).length > 1);
}

function mostTelling(sentences: readonly string[]): readonly string[] {
  const frequency = new Map<string, number>();
  for (const word of sentences.flatMap(wordsOf).filter(isTelling)) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  const weight = (sentence: string): number => {
    const words = wordsOf(sentence).filter(isTelling);
    // The square root lets long sentences win, but not by length alone.
    return words.reduce((sum, word) => sum + (frequency.get(word) ?? 0), 0) / Math.sqrt(words.length || 1);
  };
  const best = new Set(sentences.toSorted((left, right) => weight(right) - weight(left)).slice(0, MAX_POINTS));
  return sentences.filter((sentence) => best.has(sentence)).slice(0, MAX_POINTS);
}

function isTelling(word: string): boolean {
  return !common.has(word);
}

/** The share of the words asked for that a sentence has. */
function shareOf(focus: ReadonlySet<string>, sentence: string): number {
  const words = new Set(wordsOf(sentence));
  return focus.size === 0 ? 0 : [...focus].filter((word) => words.has(word)).length / focus.size;
}

function toPoints(sentences: readonly string[]): string {
  return sentences.map((sentence) => `- ${sentence}`).join('\n');
}
