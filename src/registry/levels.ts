import type { AgentPool } from '../contracts/agent.ts';
import type { Priority, SubTask } from '../contracts/plan.ts';
import { domainMatch, wordsOf } from './skills.ts';

/** What a task asks of the agents beside its capability. */
export type Wish = {
  readonly pool: AgentPool;
  /** Words. */
  readonly domain: readonly string[];
  /** Agents whose calls for this task have failed, once per failure. */
  readonly failed: readonly string[];
};

/** The pool that a task prefers is primary when it is urgent, secondary else, unless it names one. */
export function wishOf(
  { pool, domain, priority }: Pick<SubTask, 'pool' | 'domain' | 'priority'>,
  failed: readonly string[],
): Wish {
  return { pool: pool ?? poolFor(priority), domain: domain === undefined ? [] : wordsOf(domain), failed };
}

function poolFor(priority: Priority | undefined): AgentPool {
  return priority === 'high' ? 'primary' : 'secondary';
}

/** 1 for an agent of the preferred pool, 0.5 for one without a pool, 0 for one that is kept for other work. */
export function poolPart(pool: AgentPool | null, preferred: AgentPool): number {
  if (pool === null) return 0.5;
  return pool === preferred ? 1 : 0;
}

/** Share of the domain's words among the skills, in tenths; 0 for a task without a domain. */
export function domainPart(skills: ReadonlySet<string>, domain: readonly string[]): number {
  return domain.length === 0 ? 0 : Math.round(10 * domainMatch(domain, skills)) / 10;
}

const PRIORITIES = 2_001;
const DOMAINS = 11;
const POOLS = 3;
const MOST_FAILURES = 31;

export type Level = {
  /** Failed calls for this task. */
  readonly failures: number;
  /** 1 for one that does not clearly fail, for everybody; 0 else. */
  readonly sound: number;
  readonly pool: number;
  readonly domain: number;
  readonly priority: number;
};

/**
 * A number that orders agents by what no merit makes up for, in this order: fewer failed calls for this task, not clearly failing,
 * the pool, the domain, the priority. Agents with equal ones are of one level.
 */
export function levelOf({ failures, sound, pool, domain, priority }: Level): number {
  const standing = (MOST_FAILURES - Math.min(MOST_FAILURES, failures)) * 2 + sound;
  const fit = (standing * POOLS + 2 * pool) * DOMAINS + Math.round(10 * domain);
  return fit * PRIORITIES + priority + 1_000;
}
