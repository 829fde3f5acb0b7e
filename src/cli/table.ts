const GAP = '  ';
const MAX_WIDTH = 40;

/** Rows as aligned lines, the first row being the heads; longer cells are cut at 40 characters. No newline at the end. */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(cut));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(GAP)
      .trimEnd();
  return cells.map(line).join('\n');
}

function cut(cell: string): string {
  const line = cell.replace(/\s+/g, ' ').trim();
  return line.length > MAX_WIDTH ? `${line.slice(0, MAX_WIDTH - 1)}…` : line;
}
