import type { Columns } from './columns.ts';
import { domainPart, levelOf, poolPart, type Wish } from './levels.ts';
import type { Live, Refusal } from './permit.ts';
import { loadPart, weights } from './score.ts';
import { type Ask, openDoubts, passing } from './why-not.ts';

/** How the agents of a snapshot stand for one task, by their places in its columns. */
export type Standings = {
  /** Null for one that may be called. */
  readonly reasons: readonly (string | null)[];
  readonly levels: Float64Array;
  /** Of those of one level the higher comes first. */
  readonly merits: Float64Array;
  readonly loads: Float64Array;
  /** Calls that run, as far as they are known. */
  readonly calls: Int32Array;
};

export type StandingInput = Ask & {
  readonly wish: Wish;
  /** What this process knows beyond the registry's last word. */
  readonly live: ReadonlyMap<string, Live>;
  /** What agents have just answered to a call that was meant for them. */
  readonly asked: ReadonlyMap<string, Refusal | 'granted'>;
};

/** Works it out for all of them. A loop over columns and no object per agent: it is the part of a choice that 10,000 agents cost. */
export function standingsOf(columns: Columns, input: StandingInput): Standings {
  const count = columns.agents.length;
  const levels = levelsOf(columns, input.wish);
  const merits = new Float64Array(count);
  const loads = new Float64Array(count);
  const calls = new Int32Array(count);
  const reasons = new Array<string | null>(count).fill(null);
  const live = byPlace(columns, input.live);
  const asked = byPlace(columns, input.asked);
  const whyNot = openDoubts(columns, input);
  const look = (place: number, now: Live | undefined): void => {
    const busy = now?.busy ?? columns.busy[place] ?? 0;
    const load = loadPart(busy, columns.slots[place] ?? 0);
    loads[place] = load;
    merits[place] = (columns.merit[place] ?? 0) + weights.load * load;
    calls[place] = Math.max(busy, now?.calls ?? 0);
    reasons[place] = whyNot(place, busy, now?.broken === true);
  };
  for (let place = 0; place < count; place += 1) look(place, live.size === 0 ? undefined : live.get(place));
  for (const [place, answer] of asked) reasons[place] = reasonAfter(answer, reasons[place] ?? null);
  return { reasons, levels, merits, loads, calls };
}

function levelsOf(columns: Columns, wish: Wish): Float64Array {
  const levels = new Float64Array(columns.agents.length);
  const domains = columns.skills.map((words) => domainPart(words, wish.domain));
  const at = (place: number, failures: number): number =>
    levelOf({
      failures,
      sound: columns.sound[place] ?? 0,
      pool: poolPart(columns.pool[place] ?? null, wish.pool),
      domain: domains[columns.skill[place] ?? 0] ?? 0,
      priority: columns.priority[place] ?? 0,
    });
  for (let place = 0; place < levels.length; place += 1) levels[place] = at(place, 0);
  for (const id of new Set(wish.failed)) {
    const place = columns.placeOf(id);
    if (place !== undefined) levels[place] = at(place, wish.failed.filter((other) => other === id).length);
  }
  return levels;
}

function byPlace<T>({ placeOf }: Columns, known: ReadonlyMap<string, T>): ReadonlyMap<number, T> {
  const placed = new Map<number, T>();
  for (const [id, value] of known) {
    const place = placeOf(id);
    if (place !== undefined) placed.set(place, value);
  }
  return placed;
}

function reasonAfter(answer: Refusal | 'granted', doubt: string | null): string | null {
  return answer === 'granted' ? null : (doubt ?? passing[answer]);
}
