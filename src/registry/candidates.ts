import type { EventDetail } from '../contracts/event.ts';
import { limits } from '../contracts/limits.ts';
import type { Columns } from './columns.ts';
import { domainPart, poolPart, type Wish } from './levels.ts';
import type { Standings } from './standing.ts';

type Candidate = EventDetail<'agent.selected'>['candidates'][number];

/** Of the places told, so many are kept for agents that may not be called: a reader wants to know why not. */
const REASONS_TOLD = 5;

export type Told = {
  readonly columns: Columns;
  readonly standings: Standings;
  readonly wish: Wish;
  /** Those that may be called, best first. */
  readonly ranked: readonly number[];
  /** Those that may not, those of the highest level first. */
  readonly barred: readonly number[];
};

/** What agent.selected tells: the best with their scores, then some that may not be called, and why not. */
export function candidatesOf(told: Told): Candidate[] {
  const { columns, standings, barred } = told;
  const head = (place: number) => ({
    agent_id: columns.agents[place]?.agent.agent_id ?? '',
    priority: columns.priority[place] ?? 0,
    eligible: standings.reasons[place] === null,
    reason: standings.reasons[place] ?? null,
  });
  const ranked = told.ranked.slice(0, limits.candidates - Math.min(REASONS_TOLD, barred.length));
  // The levels among those told, lowest first: enough to order them by.
  const levels = [...new Set(ranked.map((place) => standings.levels[place] ?? 0))].reverse();
  return [
    ...ranked.map((place) => ({ ...head(place), ...scoreOf(told, place, levels) })),
    ...barred.slice(0, limits.candidates - ranked.length).map((place) => ({ ...head(place), score: null, parts: {} })),
  ];
}

/** A score from 0 to 1 that falls along the ranking: an agent's level decides, and within it its merit. */
function scoreOf({ columns, standings, wish }: Told, place: number, levels: readonly number[]) {
  const level = levels.indexOf(standings.levels[place] ?? 0);
  const pool = columns.pool[place] ?? null;
  const parts = {
    level: round(levels.length === 1 ? 1 : level / (levels.length - 1)),
    ...(pool === null ? {} : { pool: poolPart(pool, wish.pool) }),
    ...(wish.domain.length === 0 ? {} : { domain: domainOf(columns, place, wish) }),
    success: round(columns.success[place]),
    quality: round(columns.quality[place]),
    latency: round(columns.latency[place]),
    load: round(standings.loads[place]),
    cost: round(columns.cost[place]),
  };
  return { score: round((level + (standings.merits[place] ?? 0)) / levels.length), parts };
}

function domainOf({ skill, skills }: Columns, place: number, { domain }: Wish): number {
  return domainPart(skills[skill[place] ?? 0] ?? new Set(), domain);
}

function round(value = 0): number {
  return Math.round(value * 1_000) / 1_000;
}
