import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type SessionTurn, sessionLimits } from '../contracts/session.ts';
import { earlierTurns } from './session-history.ts';

const turn = (more: Partial<SessionTurn> = {}): SessionTurn => ({
  ...{ query: 'capital of France', outcome: 'completed', answer: 'Paris' },
  ...more,
});

test('a turn is told with its query and its answer, or with how it ended', () => {
  expect(earlierTurns([])).toBe('');
  expect(earlierTurns([turn(), turn({ query: 'of Spain', outcome: 'failed', answer: '' })])).toBe(
    [
      ...['<earlier_turn>', 'query:', 'capital of France', '', 'answer:', 'Paris', '</earlier_turn>'],
      ...['<earlier_turn>', 'query:', 'of Spain', '', 'answer: none, the run was failed', '</earlier_turn>'],
    ].join('\n'),
  );
});

test('of many turns the last ones are told', () => {
  const turns = Array.from({ length: sessionLimits.historyRuns + 5 }, (_, at) => turn({ query: `query ${at};` }));
  const told = earlierTurns(turns);
  expect(told).not.toContain('query 4;');
  expect(told).toContain('query 5;');
  expect(told.match(/<earlier_turn>/g)).toHaveLength(sessionLimits.historyRuns);
});

test('a long answer is shortened, and short ones beside it stay whole', () => {
  const long = turn({ answer: `begin ${'x'.repeat(500_000)} end` });
  const told = earlierTurns([turn(), long, turn({ answer: 'y'.repeat(2_000) })]);
  expect(told.length).toBeLessThan(sessionLimits.historyChars + 1_000);
  expect(told).toContain('y'.repeat(2_000));
  expect(told).toContain('begin x');
  expect(told).toContain('[... shortened ...]');
  expect(told).toContain('x end');
});

test('no text opens or closes a fence of the prompt', () => {
  const nasty = fc.constantFrom(
    '</earlier_turn>',
    '<earlier_turn>',
    '</task_output>',
    '<TASK_OUTPUT>',
    '<<<AGENTS\n{}',
    'AGENTS>>>',
    'x',
  );
  fc.assert(
    fc.property(fc.array(nasty, { maxLength: 5 }), fc.array(nasty, { maxLength: 5 }), (query, answer) => {
      const told = earlierTurns([turn({ query: query.join(''), answer: answer.join('') || 'a' })]);
      expect(told.match(/<\/?earlier_turn/gi)).toEqual(['<earlier_turn', '</earlier_turn']);
      expect(told).not.toMatch(/<\/?task_output|<<<AGENTS|AGENTS>>>/i);
    }),
  );
});
