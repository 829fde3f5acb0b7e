import type { AgentDefinition } from '../agents/agent.ts';
import { type Fact, facts } from './facts.ts';
import { textField } from './request-prompt.ts';
import { wordString } from './words.ts';

const MAX_FACTS = 5;

/** What a lookup answers, and how sure it is: 0 to 1. */
export type Found = { readonly response: string; readonly confidence: number };

/** The seed's lookup-01: searches a small table of facts. Asks no model and no network. */
export function lookupAgent(): AgentDefinition {
  return {
    id: 'lookup-01',
    name: 'Knowledge Lookup',
    description: 'Returns pre-indexed factual answers: capitals, populations, currencies, and some other facts',
    capabilities: ['search'],
    priority: 5,
    payload_schema: { optional_fields: { query: 'string' }, example: { query: 'What is the capital of France?' } },
    invoke: (task) => lookUp(textField(task, 'query', task.description), Object.values(task.context).join('\n')),
  };
}

/** The facts that answer a query, by whole words; `earlier` says what "its" may mean. An honest no when there are none. */
export function lookUp(query: string, earlier = ''): Found {
  const asked = wordString(query);
  const direct = facts.filter((fact) => isAbout(fact, asked) && isAsked(fact, asked));
  const found =
    direct.length > 0 ? direct : facts.filter((fact) => isAbout(fact, wordString(earlier)) && isAsked(fact, asked));
  if (found.length > 0) return { response: textOf(found), confidence: 0.95 };
  const related = facts.filter((fact) => isAbout(fact, asked));
  if (related.length === 0) return { response: `Nothing is known here about: ${query.slice(0, 300)}`, confidence: 0 };
  return { response: `Nothing is known here about exactly this. What is known: ${textOf(related)}`, confidence: 0.3 };
}

function isAbout({ subjects }: Fact, words: string): boolean {
  return subjects.some((subject) => words.includes(` ${subject} `) || words.includes(` ${subject}'s `));
}

function isAsked({ asks }: Fact, words: string): boolean {
  return asks.some((ask) => words.includes(` ${ask} `));
}

function textOf(found: readonly Fact[]): string {
  return found
    .slice(0, MAX_FACTS)
    .map((fact) => fact.text)
    .join(' ');
}
