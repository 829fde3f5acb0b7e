import { expect, test } from 'vitest';
import { defaultPool } from '../contracts/pool.ts';
import { Template, type TemplateRecord } from '../contracts/template.ts';
import { efficiencyOf, matchTemplates, skillsAsked } from './template-match.ts';

const fresh: TemplateRecord = { made: 0, completed: 0, failed: 0, success: 1, mean_ms: null };

function candidate(id: string, fields: object = {}, record: Partial<TemplateRecord> = {}) {
  const template = Template.parse({
    ...{ id, name: id, type: 'coding', prompt: 'You work.', capabilities: ['search'] },
    ...fields,
  });
  return { template, record: { ...fresh, ...record } };
}

function match(candidates: ReturnType<typeof candidate>[], skills: string[] = []) {
  return matchTemplates({ capability: 'search', skills, candidates, capacity: defaultPool });
}

const ids = (matches: ReturnType<typeof match>) => matches.map(({ template }) => template.id);

test('a template that offers little else is a better match than one that offers much', () => {
  const many = candidate('all-rounder', { capabilities: ['search', 'custom', 'translation', 'summarization'] });
  const matches = match([many, candidate('specialist')]);
  expect(ids(matches)).toEqual(['specialist', 'all-rounder']);
  expect(matches.map(({ parts }) => parts.match)).toEqual([1, 0.25]);
});

test('the score is 0.4 match + 0.4 success + 0.2 efficiency', () => {
  const half = { capabilities: ['search', 'custom'], resources: { memory_mb: 0, tokens_per_minute: 0 } };
  const record = { success: 0.25, mean_ms: 300_000 };
  const [found] = matchTemplates({
    ...{ capability: 'search', skills: [], candidates: [candidate('a', half, record)] },
    capacity: { ...defaultPool, agents: 10 },
  });
  expect(found?.parts).toEqual({ match: 0.5, success: 0.25, efficiency: (0.9 + 0.5) / 2 });
  expect(found?.score).toBeCloseTo(0.4 * 0.5 + 0.4 * 0.25 + 0.2 * 0.7, 10);
});

test('ties go by id', () => {
  expect(ids(match([candidate('b'), candidate('a'), candidate('c')]))).toEqual(['a', 'b', 'c']);
});

test('a template whose agents failed falls behind an equal one', () => {
  expect(ids(match([candidate('a', {}, { success: 0.5 }), candidate('b')]))).toEqual(['b', 'a']);
});

test('every requirement has to be met: what has only the last one is no candidate, although nothing meets all of them', () => {
  // Built up requirement by requirement, and begun anew when it is empty, the set would end as [last].
  const first = candidate('first', { skills: ['statistics'] });
  const last = candidate('last', { skills: ['maps'] });
  expect(match([first, last], ['statistics', 'law', 'maps'])).toEqual([]);
  expect(ids(match([first, last], ['maps']))).toEqual(['last']);
});

test('another capability is no candidate, whatever its skills', () => {
  expect(match([candidate('a', { capabilities: ['custom'], skills: ['maps'] })], ['maps'])).toEqual([]);
});

test('skills that are asked for count on both sides of the match', () => {
  const narrow = candidate('narrow', { skills: ['Maps'] });
  const broad = candidate('broad', { skills: ['maps', 'law', 'music', 'food'] });
  expect(match([broad, narrow], ['maps']).map(({ template, parts }) => [template.id, parts.match])).toEqual([
    ['narrow', 1],
    ['broad', 2 / 5],
  ]);
});

test('of a domain, the words that some template has as a skill are asked for; the others are what the work is about', () => {
  const templates = [{ skills: ['Fact checking', 'law'] }, { skills: ['C++', 'statistics'] }];
  expect(skillsAsked('fact checking for the Law of the sea', templates)).toEqual(['fact checking', 'law']);
  expect(skillsAsked('lawn care in C++', templates)).toEqual(['c++']);
  expect(skillsAsked(undefined, templates)).toEqual([]);
});

test.each([
  ['nothing is known of its time', {}, null, (1 - 0.01 + 1) / 2],
  ['its tasks take what is aimed at', {}, 300_000, (1 - 0.01 + 0.5) / 2],
  ['it takes half of all memory', { memory_mb: 8_192 }, null, (0.5 + 1) / 2],
  ['it takes more than there is', { memory_mb: 1_000_000 }, null, 0.5],
])('the efficiency of a template when %s', (_, resources, mean_ms, expected) => {
  expect(efficiencyOf(candidate('a', { resources }, { mean_ms }), defaultPool)).toBeCloseTo(expected, 10);
});

test('a unit of which the pool has none is no division by zero', () => {
  const none = { agents: 0, memory_mb: 0, tokens_per_minute: 0 };
  const free = candidate('a', { resources: { memory_mb: 0, tokens_per_minute: 0 } });
  expect(efficiencyOf(free, none)).toBe(0.5);
});
