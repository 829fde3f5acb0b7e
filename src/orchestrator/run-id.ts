import { randomBytes } from 'node:crypto';

const LENGTH = 22;

/** A new run's id: `r` and 22 characters of base 36, more than 110 random bits: ids of other runs cannot be guessed. */
export function newRunId(): string {
  const digits = BigInt(`0x${randomBytes(16).toString('hex')}`).toString(36);
  return `r${digits.padStart(LENGTH, '0').slice(-LENGTH)}`;
}
