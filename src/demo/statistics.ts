const MAX_NUMBERS = 10_000;

// A number with thousands ("1,200", "12,345,678"), else plain digits: "3,400,5" and "100,200,300" are lists.
const numeral =
  /(?<![\w.]|\d-)[-−]?(?:(?<!\d,)(?:\d{1,2}(?:,\d{3})+|\d{3},\d{3})(?!,?\d)|\d+)(?:\.\d+)?(?!\w|\.\d|-\d)/g;

/** The numbers in a text, at most 10,000. Digits inside words and dates ("Q3", "2nd", "2024-05-01") are none. */
export function numbersIn(text: string): readonly number[] {
  const found = text.match(numeral) ?? [];
  return found.slice(0, MAX_NUMBERS).map((digits) => Number(digits.replaceAll(',', '').replace('−', '-')));
}

/** Figures of a list of numbers, in its order. */
export type Statistics = {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly mean: number;
  readonly median: number;
  /** Of the sample (divided by n - 1); null for a single number. */
  readonly deviation: number | null;
  /** Least-squares change from one number to the next; null for fewer than three. */
  readonly slope: number | null;
};

/** Null for an empty list. */
export function statisticsOf(numbers: readonly number[]): Statistics | null {
  if (numbers.length === 0) return null;
  const sorted = numbers.toSorted((left, right) => left - right);
  const sum = numbers.reduce((total, value) => total + value, 0);
  const mean = sum / numbers.length;
  return {
    count: numbers.length,
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
    sum,
    mean,
    median: middleOf(sorted),
    deviation: numbers.length < 2 ? null : Math.sqrt(squares(numbers, mean) / (numbers.length - 1)),
    slope: numbers.length < 3 ? null : slopeOf(numbers, mean),
  };
}

function middleOf(sorted: readonly number[]): number {
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? Number.NaN)) / 2;
}

function squares(numbers: readonly number[], mean: number): number {
  return numbers.reduce((total, value) => total + (value - mean) ** 2, 0);
}

function slopeOf(numbers: readonly number[], mean: number): number {
  const middle = (numbers.length - 1) / 2;
  const rise = numbers.reduce((total, value, index) => total + (index - middle) * (value - mean), 0);
  const run = numbers.reduce((total, _, index) => total + (index - middle) ** 2, 0);
  return rise / run;
}
