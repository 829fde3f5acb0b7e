import { Capability } from '../contracts/agent.ts';
import type { AgentCard } from './agent-card-parse.ts';

/** Words of skills, by what an agent can do who has such a skill (docs/a2a.md shows this table). Beginnings of words, in lower case. */
const words: Readonly<Record<Exclude<Capability, 'custom'>, readonly string[]>> = {
  text_generation: [
    'write',
    'writing',
    'generat',
    'compos',
    'draft',
    'text',
    'chat',
    'conversation',
    'story',
    'essay',
    'copywrit',
  ],
  code_generation: ['code', 'coding', 'program', 'software', 'develop', 'refactor', 'debug', 'sql', 'script'],
  data_analysis: ['analy', 'data', 'statistic', 'forecast', 'chart', 'report', 'metric', 'calculat', 'math'],
  summarization: ['summar', 'digest', 'condens', 'abstract', 'tldr'],
  translation: ['translat', 'locali', 'multilingual'],
  search: ['search', 'retriev', 'lookup', 'find', 'research', 'browse', 'crawl', 'knowledge'],
};

/** The capabilities that the ids, names and tags of a card's skills speak of; custom when they speak of none. */
export function capabilitiesOf({ skills }: Pick<AgentCard, 'skills'>): readonly Capability[] {
  const said = skills.flatMap(({ id, name, tags }) => [id, name, ...tags]).flatMap(wordsIn);
  const found = Capability.options.filter(
    (capability) =>
      capability !== 'custom' && said.some((word) => words[capability].some((beginning) => word.startsWith(beginning))),
  );
  return found.length === 0 ? ['custom'] : found;
}

/** `summarizeText-v2` says "summarize", "text" and "v2". */
function wordsIn(text: string): readonly string[] {
  return text
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}
