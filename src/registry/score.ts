import type { Price } from '../contracts/budget.ts';
import { defaults } from '../contracts/limits.ts';
import { estimateOf } from '../plan/price.ts';
import { UNKNOWN_QUALITY } from '../plan/quality.ts';
import type { Mean } from './agent-history.ts';
import type { TrackRecord } from './registered-agent.ts';

/**
 * What an agent's merit is made of; docs/choice.md explains it. They add up to 1: a level (rank.ts: priority and what stands above
 * it) outweighs all of them together.
 */
export const weights = { success: 0.4, quality: 0.2, latency: 0.15, load: 0.15, cost: 0.1 } as const;

/** Good calls that everybody is believed to have made, and words of praise: two failures of a newcomer do not yet condemn it. */
const BELIEVED = 2;
/** Below this share of good calls an agent clearly fails, and its priority counts no more. */
const FAILING_BELOW = 0.5;
/** Faster than this is fast: differences below it come from the machine and not from the agent. */
const FAST_MS = 50;
/** What each doubling of the fastest agent's latency takes. */
const PER_DOUBLING = 0.25;
/** US dollars that are not worth a difference: what is cheaper counts as this. */
const LEAST_COST = 0.000_1;
/** Rates closer than this are equal, so that agents as good as each other share the work. */
const RATE_STEP = 0.05;
/** When nothing is known of anybody. */
const NEUTRAL = 0.5;

/** The share of good calls to expect, 0 to 1: the more calls there were, the more they count against what was believed. */
function expectedSuccess({ weight, success }: Pick<TrackRecord, 'weight' | 'success'>): number {
  return (success * weight + BELIEVED) / (weight + BELIEVED);
}

/** Whether an agent fails more often than not. */
export function isFailing(record: TrackRecord): boolean {
  return expectedSuccess(record) < FAILING_BELOW;
}

/**
 * What agents' records are worth beside each other, each 0 to 1, in their order. Those of whose latency nothing is known count as the
 * mean of the others.
 */
export function compareRecords(records: readonly TrackRecord[]): Readonly<Record<'success' | 'latency', Float64Array>> {
  const success = new Float64Array(records.length);
  for (const [place, record] of records.entries()) success[place] = toStep(expectedSuccess(record));
  return {
    success,
    latency: compared(
      records.map(({ latencyMs }) => latencyMs),
      latencyPart,
    ),
  };
}

/**
 * What the quality of agents' work is worth, each 0 to 1, in their order. Two more words are believed of everybody: as good as those of
 * the best of whom so much has been said, and no worse than the middle. So a newcomer stands beside the best, and takes turns with it.
 */
export function compareQualities(qualities: readonly (Mean | undefined)[]): Float64Array {
  let believed: number = UNKNOWN_QUALITY;
  for (const quality of qualities)
    if (quality !== undefined && quality.weight >= BELIEVED) believed = Math.max(believed, quality.mean);
  const parts = new Float64Array(qualities.length).fill(toStep(believed));
  for (const [place, quality] of qualities.entries()) {
    if (quality === undefined || quality.weight === 0) continue;
    const { weight, mean } = quality;
    parts[place] = toStep((weight * mean + BELIEVED * believed) / (weight + BELIEVED));
  }
  return parts;
}

/** The same for what a usual call costs, in US dollars; null for an agent that names no price. */
export function compareCosts(costs: readonly (number | null)[]): Float64Array {
  return compared(costs, costPart);
}

/** Each beside the least of them. */
function compared(values: readonly (number | null)[], partOf: (value: number, least: number) => number): Float64Array {
  const known = values.filter((value) => value !== null);
  const least = known.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY);
  const parts = new Float64Array(values.length);
  let sum = 0;
  for (const [place, value] of values.entries()) {
    if (value === null) continue;
    parts[place] = partOf(value, least);
    sum += parts[place] ?? 0;
  }
  const usual = known.length === 0 ? NEUTRAL : sum / known.length;
  for (const [place, value] of values.entries()) if (value === null) parts[place] = usual;
  return parts;
}

/** Share of its slots that is free; 1 for an agent without a limit, whose slots are 0. */
export function loadPart(busy: number, slots: number): number {
  return slots === 0 ? 1 : Math.max(0, 1 - busy / slots);
}

function latencyPart(latencyMs: number, fastestMs: number): number {
  const doublings = Math.round(Math.log2(Math.max(latencyMs, FAST_MS) / Math.max(fastestMs, FAST_MS)));
  return Math.max(0, 1 - PER_DOUBLING * doublings);
}

function costPart(cost: number, cheapest: number): number {
  return (cheapest + LEAST_COST) / (cost + LEAST_COST);
}

/** An agent's price, and the tokens of its answers as far as they are known. */
export type Spender = { readonly price: Price | undefined; readonly tokens: Mean | undefined };

/**
 * US dollars of a usual call of each, for comparing only; null for an agent that names no price. A call has as many tokens as those that
 * were made, to the next doubling; of whom nothing is known, as those of the others.
 */
export function usualCosts(spenders: readonly Spender[]): readonly (number | null)[] {
  const known = spenders.flatMap(({ tokens }) => (tokens === undefined || tokens.weight === 0 ? [] : [tokens.mean]));
  const usual = known.length === 0 ? defaults.reserveTokens : known.reduce((sum, mean) => sum + mean, 0) / known.length;
  return spenders.map(({ price, tokens = { weight: 0, mean: 0 } }) => {
    if (price === undefined) return null;
    const expected = (tokens.weight * tokens.mean + BELIEVED * usual) / (tokens.weight + BELIEVED);
    return estimateOf({ price, max_tokens: toDoubling(expected) }).cost;
  });
}

/** 1,000 times a power of 2: nearly equal ones are equal, so that agents as good as each other share the work. */
function toDoubling(tokens: number): number {
  return defaults.reserveTokens * 2 ** Math.round(Math.log2(Math.max(1, tokens) / defaults.reserveTokens));
}

function toStep(rate: number): number {
  return Math.round(rate / RATE_STEP) * RATE_STEP;
}
