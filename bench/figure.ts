/** What is measured. */
export type Workload = 'chain' | 'fan' | 'lattice' | 'submit' | 'sustained' | 'http' | 'first-token';

/** One figure of baton's. `plain` is the same of the plain flow, null where it has none. */
export type Figure = {
  readonly workload: Workload;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  readonly plain: number | null;
};

/** Rounds of both sides, in order. */
export type Rounds = { readonly baton: readonly number[]; readonly plain: readonly number[] };

type Name = Pick<Figure, 'workload' | 'metric' | 'unit'>;

/** The medians of all rounds as one figure. */
export function figureOf(name: Name, { baton, plain }: Rounds): Figure {
  return { ...name, value: median(baton), plain: median(plain) };
}

/** baton / plain: of times and costs less is better, of rates more. */
export function ratioOf({ value, plain }: Figure): number | null {
  return plain === null ? null : value / plain;
}

/** A bound that the project has set itself, on a ratio or on a value. */
type Aim = { readonly of: 'ratio' | 'value'; readonly least?: number; readonly most?: number };

const aims: Readonly<Record<string, Aim>> = {
  'chain per_hop': { of: 'ratio', most: 2.5 },
  'lattice makespan': { of: 'value', most: 270 },
  'submit per_run': { of: 'ratio', most: 1.5 },
  'sustained throughput': { of: 'ratio', least: 0.4 },
  'sustained redis_cpu': { of: 'ratio', most: 2.6 },
  'sustained client_commands': { of: 'value', most: 14 },
  'http runs': { of: 'ratio', least: 0.5 },
  'first-token p50': { of: 'value', most: 10 },
};

/** The aim of a figure in words and whether it is reached; undefined when it has none. */
export function judge(figure: Figure): { readonly aim: string; readonly reached: boolean } | undefined {
  const aim = aims[`${figure.workload} ${figure.metric}`];
  if (aim === undefined) return undefined;
  const { of, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY } = aim;
  const value = of === 'ratio' ? (ratioOf(figure) ?? Number.NaN) : figure.value;
  const bound = aim.most === undefined ? `>= ${least}` : `<= ${most}`;
  return { aim: `${bound} ${of === 'ratio' ? 'x' : figure.unit}`, reached: value >= least && value <= most };
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The value below which `share` (0 to 1) of the values lie, by the nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new Error('expected at least one value');
  return value;
}
