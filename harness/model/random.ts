/**
 * The rig's dice: small, seeded, the same on every machine. mulberry32 (Tommy Ettinger, public
 * domain): 32 bits of state, passes gjrand; plenty for drawing toxicity and jitter.
 */

/** A source of numbers in [0, 1) that depends on the seed alone. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A seed for a named part of a run, so that parts draw independently and adding one disturbs no other. */
export function seedFor(seed: number, name: string): number {
  let hash = 2166136261 ^ seed; // FNV-1a
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 16777619);
  return hash >>> 0;
}
