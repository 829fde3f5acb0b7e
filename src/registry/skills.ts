import type { AgentDescriptor } from '../contracts/agent.ts';

/** Words as people write them: letters and digits of any script, with the signs of names such as C++ and C#. */
const WORD = /[\p{L}\p{N}]+[+#]*/gu;

/** The words of a text, folded so that case and ways of encoding make no difference. */
export function wordsOf(text: string): readonly string[] {
  return text.normalize('NFKC').toLowerCase().match(WORD) ?? [];
}

const known = new WeakMap<Described, ReadonlySet<string>>();

type Described = Pick<AgentDescriptor, 'skills' | 'metadata'>;

/** Every word an agent says of what it is good at: its `skills`, and `skills` and `tags` of its metadata. */
export function skillWordsOf(agent: Described): ReadonlySet<string> {
  const before = known.get(agent);
  if (before !== undefined) return before;
  const { skills, tags } = agent.metadata;
  const words = new Set([agent.skills, skills, tags].flatMap(textsOf).flatMap(wordsOf));
  known.set(agent, words);
  return words;
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** Share of a domain's words that are among an agent's skills, 0 to 1: whole words only, so that "code" is not in "decode". */
export function domainMatch(domain: readonly string[], skills: ReadonlySet<string>): number {
  if (domain.length === 0) return 0;
  return domain.filter((word) => skills.has(word)).length / domain.length;
}
