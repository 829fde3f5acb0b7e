import { expect, test } from 'vitest';
import { takeMemoryDose } from '../support/memory-dose.ts';

test('probe', async () => {
  const dose = await takeMemoryDose(200, 100);
  console.log(dose);
  expect(dose.after.runKeys).toBe(0);
}, 100_000);
