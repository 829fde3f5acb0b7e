/** What a test draws from: SEED, or another one each time. Tests say it in their name or output, so that a failure can be repeated. */
export function seedOfTest(): number {
  return Number(process.env.SEED ?? Date.now() % 2 ** 31);
}

/** mulberry32: numbers from 0 to 1, the same ones for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
