import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('the client imports nothing of Node: browsers load it', () => {
  const folder = new URL('./', import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  const imports = files.flatMap((file) => {
    const text = readFileSync(new URL(file, folder), 'utf8');
    return [...text.matchAll(/from '([^']+)'/g)].map(([, from = '']) => from);
  });
  const outside = imports.filter((from) => !from.startsWith('./') && !from.startsWith('../contracts/'));
  expect([...new Set(outside)].toSorted()).toEqual(['eventsource-parser', 'zod']);
});
