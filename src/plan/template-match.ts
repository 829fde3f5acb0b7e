import type { Capability } from '../contracts/agent.ts';
import { type PoolAmounts, poolUnits } from '../contracts/pool.ts';
import { parametersOf, type Template, type TemplateRecord } from '../contracts/template.ts';

/** The seed's weights: how special it is for this, how well its agents did, and how little they take. */
const weights = { match: 0.4, success: 0.4, efficiency: 0.2 } as const;

export type Candidate = { readonly template: Template; readonly record: TemplateRecord };

export type MatchInput = {
  readonly capability: Capability;
  /** In lower case; see `skillsAsked`. */
  readonly skills: readonly string[];
  readonly candidates: readonly Candidate[];
  /** All there is in the pool. */
  readonly capacity: PoolAmounts;
};

/** A template that offers all that is required, its score from 0 to 1, and the three parts of that before they are weighted. */
export type Match = {
  readonly template: Template;
  readonly score: number;
  readonly parts: { readonly match: number; readonly success: number; readonly efficiency: number };
};

/**
 * The templates that offer ALL that a task requires, the best first, ties by id; empty when none does. Each is looked at by itself:
 * an intersection that is built requirement by requirement and begins anew whenever it is empty, as in the seed, gives templates
 * that offer the last requirement only.
 */
export function matchTemplates({ capability, skills, candidates, capacity }: MatchInput): readonly Match[] {
  return candidates
    .filter(({ template }) => offersAll(template, { capability, skills }))
    .map(({ template, record }) => {
      const parts = {
        match: matchOf(template, skills),
        success: record.success,
        efficiency: efficiencyOf({ template, record }, capacity),
      };
      return { template, parts, score: scoreOf(parts) };
    })
    .toSorted((a, b) => b.score - a.score || (a.template.id < b.template.id ? -1 : 1));
}

/**
 * The words of a task's domain that are skills of some template: these are required. Other words say what the work is about, and no
 * template is passed over for not knowing them.
 */
export function skillsAsked(
  domain: string | undefined,
  templates: readonly Pick<Template, 'skills'>[],
): readonly string[] {
  const known = new Set(templates.flatMap(({ skills }) => skills.map(lower)));
  const asked = wordsOf(domain ?? '');
  return [...known].filter((skill) => asked.includes(` ${wordsOf(skill).trim()} `));
}

type Required = Pick<MatchInput, 'capability' | 'skills'>;

function offersAll(template: Template, { capability, skills }: Required): boolean {
  const offered = new Set(template.skills.map(lower));
  return template.capabilities.includes(capability) && skills.every((skill) => offered.has(skill));
}

/** required / offered, which rewards specialists. Skills are counted on both sides, or on neither when none is asked for. */
function matchOf({ capabilities, skills }: Template, asked: readonly string[]): number {
  if (asked.length === 0) return 1 / new Set(capabilities).size;
  return (1 + asked.length) / (new Set(capabilities).size + new Set(skills.map(lower)).size);
}

/**
 * 0 to 1, the mean of two: what of the pool an agent leaves free, by the unit of which it takes the largest share; and how quick its
 * tasks were, target / (target + mean), which is 1 without any, and 0.5 when they take just their target.
 */
export function efficiencyOf({ template, record }: Candidate, capacity: PoolAmounts): number {
  const needs: PoolAmounts = { agents: 1, ...template.resources };
  const shares = poolUnits.map((unit) => (needs[unit] === 0 ? 0 : Math.min(1, needs[unit] / capacity[unit])));
  const targetMs = responseTargetMs(template);
  const speed = record.mean_ms === null ? 1 : targetMs / (targetMs + record.mean_ms);
  return (1 - Math.max(...shares) + speed) / 2;
}

function responseTargetMs(template: Template): number {
  const spec = parametersOf(template).get('response_time_target');
  return 1_000 * (spec?.type === 'number' ? spec.default : template.timeout_seconds);
}

function scoreOf(parts: Match['parts']): number {
  return weights.match * parts.match + weights.success * parts.success + weights.efficiency * parts.efficiency;
}

function lower(text: string): string {
  return text.toLowerCase();
}

/** A text as lower-case words with a blank before and behind each. */
function wordsOf(text: string): string {
  return ` ${lower(text)
    .split(/[^\p{L}\p{N}+#]+/u)
    .filter((word) => word !== '')
    .join(' ')} `;
}
