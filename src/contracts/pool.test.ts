import { expect, test } from 'vitest';
import { defaultPool, parsePool } from './pool.ts';

test('units that are named replace the default, the others keep it', () => {
  expect(parsePool(' agents = 3 , tokens_per_minute=0')).toEqual({ ...defaultPool, agents: 3, tokens_per_minute: 0 });
});

test.each(['', 'agents', 'agents=', 'agents=-1', 'agents=1.5', 'slots=3', 'agents=3;', 'agents=2001', 'constructor=1'])(
  '"%s" is no pool',
  (text) => {
    expect(parsePool(text)).toBeUndefined();
  },
);
