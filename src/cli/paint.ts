import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Colours for a terminal, or none. */
export type Paint = {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  /** The n-th of a few colours that differ well, again and again. */
  nth(index: number, text: string): string;
};

const palette: readonly Format[] = ['cyan', 'magenta', 'yellow', 'blue', 'green'];

export function openPaint(colours: boolean): Paint {
  // Whether the stream has colours was asked by our caller.
  const paint = (format: Format) => (text: string) =>
    colours && text !== '' ? styleText(format, text, { validateStream: false }) : text;
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    good: paint('green'),
    bad: paint('red'),
    nth: (index, text) => paint(palette[index % palette.length] ?? 'cyan')(text),
  };
}

/** A text from elsewhere as a terminal may see it: an agent must not move the cursor or rename the window. */
export function clean(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}
