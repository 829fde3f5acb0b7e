/** The last line of every answer of the offline model: nobody shall take it for a language model's. */
export function labelled(text: string, how: string): string {
  return `${text}\n\n(offline model: ${how})`;
}

/** A text without such lines, for whoever works on. */
export function withoutLabel(text: string): string {
  return text.replace(/\n*^\(offline model: [^\n]*\)[ \t]*$/gm, '').trim();
}
