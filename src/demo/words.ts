/** Words in lower case, without punctuation at their edges: "C++," -> "c++". */
export function wordsOf(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/[\s,!?()"“”]+/)
    .map((word) => word.replace(/^['.:;]+|['.:;]+$/g, ''))
    .filter((word) => word !== '');
}

/** The words as one string with a space on each side, so that " phrase " is found at word borders only. */
export function wordString(text: string): string {
  return ` ${wordsOf(text).join(' ')} `;
}

/** Whether a word or phrase (in lower case) occurs in a text as whole words. */
export function hasPhrase(text: string, phrase: string): boolean {
  return wordString(text).includes(` ${phrase} `);
}

/** Parts of a text that must not be taken apart, each replaced by a mark; `restore` puts them back. */
export function protect(text: string, pattern: RegExp): { text: string; restore(part: string): string } {
  const kept: string[] = [];
  const marked = text.replace(pattern, (part) => `\uE000${kept.push(part) - 1}\uE001`);
  return {
    text: marked,
    restore: (part) => part.replace(/\uE000(\d+)\uE001/g, (mark, index) => kept[Number(index)] ?? mark),
  };
}
