import type { Capability } from '../contracts/agent.ts';
import { type KeywordTask, planByKeywords } from './keyword-planner.ts';
import { hasPhrase, wordString } from './words.ts';

/** A keyword plan's task with what a team's plan says besides. */
export type TeamTask = KeywordTask & {
  readonly role: string | null;
  readonly complexity: 'low' | 'medium' | 'high';
  readonly domain: string;
};

/** The seed's words for its roles, as whole words, with how strongly they speak for one. */
const roles: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  researcher: { research: 3, find: 2, search: 2, 'look up': 2 },
  coder: { code: 2, implement: 3, build: 2, function: 2, program: 2, api: 2, write: 1 },
  qa: { test: 3, tests: 3, validate: 3 },
  reviewer: { review: 3, check: 2 },
  documenter: { document: 4, documentation: 4, docs: 4, guide: 3, readme: 4 },
  planner: { plan: 2, 'break down': 3 },
};

/** The role that a text's words speak for most, the first among equals; null when none does. */
export function roleOf(text: string): string | null {
  const words = wordString(text);
  const scored = Object.entries(roles).map(([role, weights]) => {
    const points = Object.entries(weights).map(([word, weight]) => (words.includes(` ${word} `) ? weight : 0));
    return { role, score: points.reduce((sum, point) => sum + point, 0) };
  });
  const [best] = scored.toSorted((left, right) => right.score - left.score);
  return best === undefined || best.score === 0 ? null : best.role;
}

const building = ['build', 'implement', 'develop', 'create'];
const software = ['api', 'app', 'application', 'service', 'program', 'library', 'tool'];

/** Software is coded, tested, reviewed and documented; any other query becomes a keyword plan with roles. */
export function teamByKeywords(query: string): { readonly reasoning: string; readonly sub_tasks: readonly TeamTask[] } {
  const builds = [building, software].every((words) => words.some((word) => hasPhrase(query, word)));
  const sub_tasks = builds ? softwareTasks(query) : planByKeywords(query).sub_tasks.map(toTeamTask);
  const who = sub_tasks.map(({ role, required_capability }) => role ?? required_capability).join(', ');
  return { reasoning: `Planned by keywords, without a language model: ${who}.`, sub_tasks };
}

function softwareTasks(query: string): readonly TeamTask[] {
  const about = query.replace(/\s+/g, ' ').trim().slice(0, 2_000);
  const all: readonly (readonly [role: string, capability: Capability, order: string])[] = [
    ['coder', 'code_generation', `Write the code with its tests: ${about}`],
    ['qa', 'code_generation', 'Run the tests of the code and report whether they pass'],
    ['reviewer', 'code_generation', 'Review the code'],
    ['documenter', 'text_generation', `Write the documentation: ${about}`],
  ];
  return all.map(([role, required_capability, description], at) => ({
    ...{ task_id: `t${at + 1}`, description, required_capability, role },
    input_data: { query: description, ...(required_capability === 'code_generation' && { language: 'python' }) },
    depends_on: at === 0 ? [] : ['t1'],
    complexity: at === 0 ? 'high' : 'medium',
    domain: '',
  }));
}

function toTeamTask(task: KeywordTask): TeamTask {
  const isHard = ['in depth', 'comprehensive', 'thorough', 'thoroughly', 'deep'].some((word) =>
    hasPhrase(task.description, word),
  );
  const specialised = task.required_capability === 'search' || task.required_capability === 'data_analysis';
  return {
    ...task,
    role: specialised ? null : roleOf(task.description),
    complexity: isHard ? 'high' : 'medium',
    domain: '',
  };
}
