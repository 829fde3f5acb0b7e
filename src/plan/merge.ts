/** A completed result that is merged: its quality (0 to 1), and the milliseconds that it took. */
export type MergePart = {
  readonly task: string;
  readonly quality: number;
  readonly latencyMs: number;
};

export type Interval = { readonly low: number; readonly high: number };

/** How results count in a merge. */
export type Merge = {
  /** In the order of the parts; the shares add up to 1. */
  readonly shares: readonly (MergePart & { readonly weight: number; readonly share: number })[];
  /** The parts' quality by their weights, 0 to 1. */
  readonly quality: number;
  /** Where the quality lies with a confidence of 95 %; null for less than two parts, which say nothing of their spread. */
  readonly interval: Interval | null;
};

const QUALITY_WEIGHT = 0.7;
const SPEED_WEIGHT = 0.3;
/** The time after which speed counts half. */
const HALF_SPEED_MS = 60_000;
/** Of the normal distribution, for 95 %. */
const Z_95 = 1.96;

/**
 * Weighs results (the seed's merge): 0.7 of their quality and 0.3 / (1 + t/60 s) of their speed. Undefined when there is none.
 * The interval is that of a weighted mean: its variance over Kish's effective number of parts, (sum w)^2 / sum w^2.
 */
export function mergeParts(parts: readonly MergePart[]): Merge | undefined {
  if (parts.length === 0) return undefined;
  const weighed = parts.map((part) => ({ ...part, weight: weightOf(part) }));
  const total = sum(weighed.map(({ weight }) => weight));
  const shares = weighed.map((part) => ({ ...part, share: part.weight / total }));
  // Shares add up to 1 but for the last digit.
  const quality = Math.min(1, sum(shares.map((part) => part.quality * part.share)));
  return { shares, quality, interval: intervalOf(shares, quality) };
}

function weightOf({ quality, latencyMs }: MergePart): number {
  return QUALITY_WEIGHT * quality + SPEED_WEIGHT / (1 + latencyMs / HALF_SPEED_MS);
}

function intervalOf(shares: Merge['shares'], quality: number): Interval | null {
  if (shares.length < 2) return null;
  const variance = sum(shares.map((part) => part.share * (part.quality - quality) ** 2));
  const effective = 1 / sum(shares.map(({ share }) => share ** 2));
  const reach = Z_95 * Math.sqrt(variance / effective);
  return { low: Math.max(0, quality - reach), high: Math.min(1, quality + reach) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
