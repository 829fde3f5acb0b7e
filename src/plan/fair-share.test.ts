import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fairShare } from './fair-share.ts';

test('fair shares fill the room and never exceed it', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(10_000), { minLength: 1, maxLength: 50 }), fc.nat(100_000), (lengths, room) => {
      const share = fairShare(lengths, room);
      const used = lengths.reduce((sum, length) => sum + Math.min(length, share), 0);
      const wanted = lengths.reduce((sum, length) => sum + length, 0);
      expect(used).toBeLessThanOrEqual(room);
      expect(used).toBeGreaterThan(Math.min(wanted, room) - lengths.length);
    }),
  );
});
