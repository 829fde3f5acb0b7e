import type { Sketch } from './handle.ts';
import type { Pending } from './pending.ts';

/** One step of a function that is replayed. */
export type Step = {
  readonly key: string;
  readonly sketch: Sketch;
  /** Of all that it is: another one means that the function went another way. */
  readonly digest: string;
  readonly pending: Pending;
  /** It was in the log, running or ended. */
  isKnown: boolean;
  isCancelled: boolean;
};
