import { availableParallelism, cpus, loadavg } from 'node:os';
import { type Figure, judge, ratioOf } from './figure.ts';

/** One figure as a line of JSON: {"workload","metric","value","unit","ratio"}; `ratio` is baton / plain flow, or null. */
export function toJsonLine(figure: Figure): string {
  const { workload, metric, value, unit } = figure;
  const ratio = ratioOf(figure);
  return JSON.stringify({ workload, metric, value: round(value), unit, ratio: ratio === null ? null : round(ratio) });
}

/** All figures as a table for people. */
export function toTable(figures: readonly Figure[]): string {
  const head = ['workload', 'metric', 'unit', 'baton', 'plain flow', 'ratio', 'aim', ''];
  const rows = [head, ...figures.map(rowOf)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        isNumeric(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}

/** The machine and what it does besides. */
export function describeMachine(redisVersion: string): string {
  const load = loadavg()[0]?.toFixed(2);
  const model = cpus()[0]?.model ?? 'unknown CPU';
  return `${availableParallelism()} cores (${model}), load ${load}, Node ${process.version}, Redis ${redisVersion}`;
}

const isNumeric = (column: number): boolean => column >= 3 && column <= 5;

function rowOf(figure: Figure): readonly string[] {
  const { workload, metric, unit, value, plain } = figure;
  const ratio = ratioOf(figure);
  const judged = judge(figure);
  return [
    workload,
    metric,
    unit,
    String(round(value)),
    plain === null ? '-' : String(round(plain)),
    ratio === null ? '-' : ratio.toFixed(2),
    judged?.aim ?? '',
    judged === undefined ? '' : judged.reached ? 'reached' : 'NOT reached',
  ];
}

/** Three digits that count, and no fraction from 100 on. */
function round(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
