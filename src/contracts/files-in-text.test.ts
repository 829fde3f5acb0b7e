import { expect, test } from 'vitest';
import { filesInText } from './files-in-text.ts';

const block = (info: string, body = 'x = 1'): string => `Some words.\n\n\`\`\`${info}\n${body}\n\`\`\`\n\nMore words.`;

test.each([
  ['python file=src/a.py', 'src/a.py'],
  ['python src/a.py', 'src/a.py'],
  ['js title="with space.js"', 'with space.js'],
  ["js filename='a.js' {1,3}", 'a.js'],
])('a fenced block that begins with "%s" is the file %s', (info, path) => {
  expect(filesInText(block(info))).toEqual({ [path]: 'x = 1\n' });
});

test.each([
  ['no name', 'python'],
  ['a word that is no path', 'python numbered'],
  ['an option', 'python linenums=1.5'],
  ['a way out', 'python file=../a.py'],
  ['an absolute path', 'python file=/etc/passwd'],
  ['a backslash', 'python file=a\\b.py'],
  ['a long path', `python file=${'a'.repeat(201)}.py`],
])('a block with %s is no file', (_what, info) => {
  expect(filesInText(block(info))).toEqual({});
});

test('a block that is never closed is no file, and a longer fence holds a shorter one', () => {
  expect(filesInText('```python file=a.py\nx = 1\n')).toEqual({});
  const nested = '````md file=README.md\n```sh\nls\n```\n````';
  expect(filesInText(nested)).toEqual({ 'README.md': '```sh\nls\n```\n' });
});

test('a whole answer of JSON gives its files, with plain paths and texts only', () => {
  const files = { 'a.py': 'x', '../b.py': 'y', 'c.py': 3 };
  expect(filesInText(JSON.stringify({ files }))).toEqual({ 'a.py': 'x' });
  expect(filesInText('{ not json')).toEqual({});
});

test('the later of two with one path counts, a name like __proto__ is a name, and there are at most 200', () => {
  expect(filesInText(`${block('py a.py')}\n${block('py a.py', 'y = 2')}`)).toEqual({ 'a.py': 'y = 2\n' });
  expect(Object.entries(filesInText(block('py file=__proto__')))).toEqual([['__proto__', 'x = 1\n']]);
  const many = Array.from({ length: 300 }, (_, index) => block(`py f${index}.py`)).join('\n');
  expect(Object.keys(filesInText(many))).toHaveLength(200);
});

test.each([
  ['a fence', `${'~'.repeat(200_000)}\`\``],
  ['a path', `\`\`\`py ${'.'.repeat(200_000)}=`],
  ['a blank', `\`\`\`${' '.repeat(200_000)}\``],
])('a line that is %s without end is read at once', (_what, line) => {
  const began = performance.now();
  expect(filesInText(`${line}\n${line}\n`)).toEqual({});
  expect(performance.now() - began).toBeLessThan(1_000);
});

test('a path of half a character is none: no address can name it', () => {
  expect(filesInText('{"files": {"\\ud800.py": "x", "b.py": "y"}}')).toEqual({ 'b.py': 'y' });
});
