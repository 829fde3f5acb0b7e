import { BatonError } from '../../contracts/error.ts';

/** The most that one frame of a stream may hold, and who sends it, as the beginning of a sentence. */
export type FrameBound = Readonly<{ maxChars: number; peer: string }>;

/** A frame beyond its bound: output_too_large. */
export function tooLargeFrame({ maxChars, peer }: FrameBound, cause?: unknown): BatonError {
  return new BatonError('output_too_large', `${peer} sent an event of more than ${maxChars} characters.`, { cause });
}
