/** What is said of a result's quality, each from 0 to 1, null when nobody said it. */
export type QualitySigns = {
  /** A reviewer's score. */
  readonly reviewed: number | null;
  /** The agent's own. */
  readonly confidence: number | null;
};

/** The quality of a result of which nothing is known (the seed's). */
export const UNKNOWN_QUALITY = 0.5;

/** A result's quality, 0 to 1: its reviewer's word before its agent's own, and the middle when neither has one. */
export function qualityOf({ reviewed, confidence }: QualitySigns): number {
  return reviewed ?? confidence ?? UNKNOWN_QUALITY;
}
