import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blocksOf } from './blocks.ts';

async function* inPieces(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

test('paragraphs and fenced code come as blocks, blank lines inside code stay', async () => {
  const text = 'One.\n\n```js\na;\n\nb;\n```\n\nTwo.';
  expect(await Array.fromAsync(blocksOf(inPieces(text, 3)))).toEqual(['One.', '```js\na;\n\nb;\n```', 'Two.']);
});

test('a block leaves before the next one is complete', async () => {
  async function* endless(): AsyncGenerator<string> {
    yield 'First.\n\nSec';
    throw new Error('not asked for yet');
  }
  const blocks = blocksOf(endless());
  expect((await blocks.next()).value).toBe('First.');
});

test('however the tokens are cut, the blocks joined by blank lines are the text', async () => {
  const line = fc.stringMatching(/^[a-z ]*[a-z][a-z ]*$/);
  const block = fc.array(line, { minLength: 1, maxLength: 3 }).map((lines) => lines.join('\n'));
  await fc.assert(
    fc.asyncProperty(
      fc.array(block, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 20 }),
      async (blocks, size) => {
        const text = blocks.join('\n\n');
        expect((await Array.fromAsync(blocksOf(inPieces(text, size)))).join('\n\n')).toBe(text);
      },
    ),
  );
});
