import { expect, test } from 'vitest';
import { domainMatch, skillWordsOf, wordsOf } from './skills.ts';

const match = (domain: string, skills: string[], metadata: Record<string, unknown> = {}) =>
  domainMatch(wordsOf(domain), skillWordsOf({ skills, metadata }));

test.each([
  ['market', ['Market Analysis'], 1],
  ['MARKET', ['market-analysis'], 1],
  ['code', ['decode'], 0],
  ['decode', ['code'], 0],
  ['market analysis', ['market research'], 0.5],
  ['C++', ['c++17', 'C++'], 1],
  ['c', ['c++'], 0],
  ['Straße', ['STRASSE'], 0],
  ['ｍａｒｋｅｔ', ['market'], 1],
  ['технический анализ', ['Анализ'], 0.5],
  ['...', ['market'], 0],
  ['market', [], 0],
])('of the domain %j the skills %j match a share of %d', (domain, skills, share) => {
  expect(match(domain, skills)).toBe(share);
});

test('skills and tags of the metadata count too, and nothing else of it', () => {
  expect(match('market', [], { skills: ['market'] })).toBe(1);
  expect(match('market', [], { tags: 'finance, market' })).toBe(1);
  expect(match('market', [], { notes: 'market', tags: [{ market: 1 }, 7] })).toBe(0);
});
