import { Capability } from '../contracts/agent.ts';
import { chooseCapability, scoreCapabilities } from './choose-capability.ts';
import { type KeywordTask, planByKeywords } from './keyword-planner.ts';
import { sectionsOf } from './offline-report.ts';
import { teamByKeywords } from './offline-team.ts';
import { hasPhrase, wordsOf } from './words.ts';

// The forms of src/orchestrator/strategies/drafts.ts; the integration tests hold the two together.

/** An agent as a prompt tells of it: src/orchestrator/strategies/labels.ts. */
type Offered = {
  readonly agent: string;
  readonly name: string;
  readonly description: string;
  readonly capabilities: readonly string[];
};

const makers: Readonly<Record<string, (query: string, agents: readonly Offered[]) => object>> = {
  route: routeOf,
  report: (query) => ({ sections: sectionsOf(query) }),
  sequence: (query) => {
    const { sub_tasks, reasoning } = planByKeywords(query);
    return { reason: reasoning, steps: sub_tasks.map((task) => ({ ...namedInput(task), agent: null })).map(toStep) };
  },
  team: (query) => {
    const { reasoning, sub_tasks } = teamByKeywords(query);
    return { reasoning, sub_tasks: sub_tasks.map((task) => ({ ...task, input_data: namedValues(task.input_data) })) };
  },
  peers: (_query, agents) => ({
    agents: agents.slice(0, 3).map(({ agent }) => agent),
    opening: 'Say what you think of it, then settle what you disagree about.',
    reason: 'Chosen without a language model: the first agents that there are.',
  }),
  strategy: (query, agents) => {
    const chosen = strategyOf(query);
    return { ...chosen, route: chosen.strategy === 'route' ? routeOf(query, agents) : null };
  },
};

/** What the offline model answers when a strategy asks for its form, by the form's name; null for any other. */
export function strategyAnswer(form: string, query: string, system: string): string | null {
  const make = Object.hasOwn(makers, form) ? makers[form] : undefined;
  return make === undefined ? null : JSON.stringify(make(query, offeredIn(system)));
}

function toStep({
  agent,
  required_capability: capability,
  description,
  input_data,
}: ReturnType<typeof namedInput> & { agent: null }) {
  return { agent, capability, description, input_data };
}

function namedInput(task: KeywordTask) {
  return { ...task, input_data: namedValues(task.input_data) };
}

function namedValues(input: Readonly<Record<string, string>>) {
  return Object.entries(input).map(([name, value]) => ({ name, value }));
}

/** The agent whose capability the query's words speak for most; among several the one that shares most words with the query. */
function routeOf(query: string, agents: readonly Offered[]) {
  const best = Math.max(...scoreCapabilities(query).values(), 0);
  if (best === 0)
    return { agent: null, capability: null, input_data: [], reason: 'No word of it speaks for any kind of work.' };
  const capability = chooseCapability(query);
  const able = agents.filter((agent) => agent.capabilities.includes(capability));
  const [agent] = able.toSorted((left, right) => shared(right, query) - shared(left, query));
  const task = planByKeywords(query).sub_tasks.find(({ required_capability }) => required_capability === capability);
  const input_data = namedValues({ ...task?.input_data, ...(task?.input_data.query !== undefined && { query }) });
  return {
    agent: agent?.agent ?? null,
    capability,
    input_data,
    reason: `Its words speak for ${capability}, chosen without a language model.`,
  };
}

function shared({ name, description }: Offered, query: string): number {
  const words = new Set(wordsOf(query));
  return wordsOf(`${name} ${description}`).filter((word) => word.length > 3 && words.has(word)).length;
}

type Choice = { readonly strategy: string; readonly words: readonly string[] };

/** The first whose words occur. */
const choices: readonly Choice[] = [
  { strategy: 'report', words: ['report', 'white paper', 'sections', 'chapters'] },
  { strategy: 'peers', words: ['debate', 'discuss', 'argue', 'argue out', 'agree on', 'pros and cons'] },
  { strategy: 'sequence', words: ['step by step', 'one after the other', 'in order', 'and then'] },
  {
    strategy: 'team',
    words: ['rest api', 'application', 'todo app', 'to-do app', 'in depth', 'comprehensive', 'thorough', 'team'],
  },
];

function strategyOf(query: string): { readonly strategy: string; readonly reason: string } {
  for (const { strategy, words } of choices) {
    const word = words.find((each) => hasPhrase(query, each));
    if (word !== undefined) return { strategy, reason: `The query says "${word}"; chosen without a language model.` };
  }
  const { length } = planByKeywords(query).sub_tasks;
  const strategy = length === 1 ? 'route' : 'plan';
  return { strategy, reason: `The query has ${length} order(s); chosen without a language model.` };
}

function offeredIn(system: string): readonly Offered[] {
  const [, lines = ''] = /\n<<<AGENTS\n([\s\S]*)\nAGENTS>>>/.exec(system) ?? [];
  return lines.split('\n').flatMap((line) => {
    const entry: unknown = line === '' ? null : JSON.parse(line);
    return isOffered(entry) ? [entry] : [];
  });
}

function isOffered(entry: unknown): entry is Offered {
  if (typeof entry !== 'object' || entry === null || !('agent' in entry) || !('capabilities' in entry)) return false;
  return Array.isArray(entry.capabilities) && entry.capabilities.every((each) => Capability.safeParse(each).success);
}
