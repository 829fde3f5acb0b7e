/** Whether a path matches a pattern: `*` is any part of a name, `**` any number of folders, `?` one character; all else is itself. */
export function matches(name: string, pattern: string): boolean {
  return matchesFrom(name.split('/'), pattern.split('/'));
}

function matchesFrom(names: readonly string[], patterns: readonly string[]): boolean {
  const [pattern, ...others] = patterns;
  if (pattern === undefined) return names.length === 0;
  if (pattern === '**') return names.some((_, at) => matchesFrom(names.slice(at), others)) || matchesFrom([], others);
  const [name, ...rest] = names;
  return name !== undefined && matchesName(name, pattern) && matchesFrom(rest, others);
}

/** The last star is given one character more each time: no pattern takes longer than both lengths multiplied. */
function matchesName(name: string, pattern: string): boolean {
  let at = 0;
  let of = 0;
  let star = -1;
  let afterStar = 0;
  while (at < name.length) {
    if (pattern[of] === '*') {
      star = of;
      of += 1;
      afterStar = at;
    } else if (of < pattern.length && (pattern[of] === '?' || pattern[of] === name[at])) {
      at += 1;
      of += 1;
    } else if (star >= 0) {
      afterStar += 1;
      at = afterStar;
      of = star + 1;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(of));
}
