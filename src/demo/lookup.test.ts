import { expect, test } from 'vitest';
import { lookUp } from './lookup.ts';

test.each([
  ['Look up the capital of France.', 'Paris is the capital of France.'],
  ["What is Japan's currency?", 'The currency of Japan is the yen.'],
  ['how tall is the Eiffel Tower', 'The Eiffel Tower in Paris is 330 metres tall.'],
  ['Who wrote Hamlet?', 'William Shakespeare wrote Hamlet, around 1600.'],
])('%j finds its fact', (query, fact) => {
  expect(lookUp(query)).toEqual({ response: fact, confidence: 0.95 });
});

test('two questions find both facts', () => {
  expect(lookUp('the capital of Spain and the capital of Italy').response).toBe(
    'Rome is the capital of Italy. Madrid is the capital of Spain.',
  );
});

test('only whole words count', () => {
  expect(lookUp('the capital of Franceville').confidence).toBe(0);
  expect(lookUp('capitalism in France').confidence).toBeLessThan(0.5);
});

test('a question it has no entry for is answered with an honest no', () => {
  expect(lookUp('the capital of Atlantis')).toEqual({
    response: 'Nothing is known here about: the capital of Atlantis',
    confidence: 0,
  });
});

test('a known subject with an unknown question is no answer, and says so', () => {
  const found = lookUp('the best restaurants of Norway');
  expect(found.response).toMatch(/^Nothing is known here about exactly this\. .*Oslo/);
  expect(found.confidence).toBe(0.3);
});

test('"its" means what an earlier result was about', () => {
  expect(lookUp('look up its population', 'Paris is the capital of France.').response).toMatch(
    /Paris has about 2\.1 million/,
  );
});
