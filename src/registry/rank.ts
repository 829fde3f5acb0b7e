import type { AgentDescriptor } from '../contracts/agent.ts';
import type { EventDetail } from '../contracts/event.ts';
import { limits } from '../contracts/limits.ts';
import type { SubTask } from '../contracts/plan.ts';
import { bestGroup, bestOf } from './best-of.ts';
import { candidatesOf } from './candidates.ts';
import { type Columns, columnsOf } from './columns.ts';
import { wishOf } from './levels.ts';
import { probeTarget } from './probe-target.ts';
import type { RegisteredAgent } from './registered-agent.ts';
import type { Owner } from './spawn-owner.ts';
import { type StandingInput, type Standings, standingsOf } from './standing.ts';
import { passing } from './why-not.ts';

/** What is asked of the agents. */
export type RankedTask = Owner &
  Pick<SubTask, 'required_capability' | 'agent' | 'not_agents' | 'input_data' | 'domain' | 'pool' | 'priority'>;

export type RankInput = Pick<StandingInput, 'canCall'> &
  Partial<Pick<StandingInput, 'live' | 'asked'>> & {
    readonly task: RankedTask;
    /** A snapshot: it does not change. Agents without the capability are passed over. */
    readonly agents: readonly RegisteredAgent[];
    /** Agents whose calls for this task have failed, once per failure. */
    readonly failed: readonly string[];
    /** A number that changes from choice to choice: it turns agents of equal rank around. */
    readonly turn: number;
  };

/** Each list has at most limits.candidates agents, best first. */
export type Ranking = {
  /** Those that may be called, in the order in which to call them; `free` is the same with all that is known of them. */
  readonly eligible: readonly AgentDescriptor[];
  readonly free: readonly RegisteredAgent[];
  /** Those that only their slots keep out. */
  readonly full: readonly RegisteredAgent[];
  /** Those that only their health keeps out, and that can be asked whether they serve. */
  readonly silent: readonly AgentDescriptor[];
  /** Whether there is one that only its breaker keeps out; and one that is tried just now, so that it is known soon. */
  readonly hasBroken: boolean;
  readonly hasTried: boolean;
  /** With score and parts, or the reason why not. */
  readonly candidates: EventDetail<'agent.selected'>['candidates'];
  /** How many agents have the capability. */
  readonly considered: number;
};

const nobody: ReadonlyMap<string, never> = new Map<string, never>();

/**
 * Chooses by capability, pin, payload, health, breaker and slots, then by level and merit (docs/choice.md); ties by the fewest calls,
 * then by turn. Agents that failed for this task come last. Pure: it decides from what it is given.
 */
export function rankAgents(input: RankInput): Ranking {
  const { task, agents, failed, canCall, live = nobody, asked = nobody, turn } = input;
  const columns = columnsOf(agents, task.required_capability);
  const wish = wishOf(task, failed);
  const standings = standingsOf(columns, { task, canCall, wish, live, asked });
  const better = openOrder(standings);
  const keptBy = (reason: string): readonly number[] => rank(placesOf(standings, reason), better, turn);
  const ranked = rank(placesOf(standings, null), better, turn);
  const registered = (places: readonly number[]): readonly RegisteredAgent[] =>
    places.flatMap((place) => columns.agents[place] ?? []);
  const free = registered(ranked);
  const barred = bestOf(
    placesWithReason(standings),
    (a, b) => (standings.levels[b] ?? 0) - (standings.levels[a] ?? 0),
    limits.candidates,
  );
  return {
    free,
    eligible: free.map(({ agent }) => agent),
    full: registered(keptBy(passing.full)),
    silent: registered(rank(silentPlaces(standings, columns), better, turn)).map(({ agent }) => agent),
    hasBroken: standings.reasons.includes(passing.broken),
    hasTried: standings.reasons.includes(passing.tried),
    candidates: candidatesOf({ columns, standings, wish, ranked, barred }),
    considered: columns.agents.length,
  };
}

function placesOf({ reasons }: Standings, wanted: string | null): readonly number[] {
  const places: number[] = [];
  for (let place = 0; place < reasons.length; place += 1) if (reasons[place] === wanted) places.push(place);
  return places;
}

function placesWithReason({ reasons }: Standings): readonly number[] {
  const places: number[] = [];
  for (let place = 0; place < reasons.length; place += 1) if (reasons[place] !== null) places.push(place);
  return places;
}

/** Of those that are not healthy, whoever can be asked whether it serves. */
function silentPlaces(standings: Standings, { agents }: Columns): readonly number[] {
  const canBeAsked = (place: number): boolean => {
    const agent = agents[place]?.agent;
    return agent !== undefined && probeTarget(agent) !== undefined;
  };
  return placesOf(standings, passing.silent).filter(canBeAsked);
}

type Order = (a: number, b: number) => number;

function openOrder({ levels, merits, calls }: Standings): Order {
  const at = (column: Float64Array | Int32Array, place: number): number => column[place] ?? 0;
  return (a, b) => at(levels, b) - at(levels, a) || at(merits, b) - at(merits, a) || at(calls, a) - at(calls, b);
}

/** The best limits.candidates. The group of equals at the front is turned around, so that equal agents share the work. */
function rank(places: readonly number[], better: Order, turn: number): readonly number[] {
  const group = bestGroup(places, better);
  const shift = turn % Math.max(1, group.length);
  const front = [...group.slice(shift, shift + limits.candidates), ...group.slice(0, shift)].slice(
    0,
    limits.candidates,
  );
  const left = limits.candidates - front.length;
  if (left === 0 || group.length === places.length) return front;
  const members = new Set(group);
  return [
    ...front,
    ...bestOf(
      places.filter((place) => !members.has(place)),
      better,
      left,
    ),
  ];
}
