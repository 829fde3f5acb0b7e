/** Text without control characters other than newline and tab, well-formed, and at most `max` UTF-16 units long. */
export function clean(text: string, max: number): string {
  return text
    .slice(0, max)
    .replace(/(?![\n\t])\p{Cc}/gu, '')
    .toWellFormed()
    .trim();
}

/** JSON that says the same without the marks between which prompts put what is data. */
export function unmarked(json: string): string {
  return json.replace(/<(?=<<|\/?earlier_turn)/gi, '\\u003c').replace(/>(?=>>)/g, '\\u003e');
}
