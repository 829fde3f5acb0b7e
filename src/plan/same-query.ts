/**
 * The form in which queries are the same: without blanks at the ends of lines and of the whole, and with one for each run of them within
 * a line. What begins a line stays, as in code it has a meaning, and so do tabs: between two of them a table's cell is empty.
 */
export function sameQuery(query: string): string {
  const lines = query.replace(/\r\n?/g, '\n').trim().split('\n');
  return lines.map((line) => line.trimEnd().replace(/(?<=\S)[^\S\t]+/gu, ' ')).join('\n');
}
