/**
 * A stand-in for an embedding while Ollama is down: unit length, the same for the same text, close to
 * orthogonal for any two texts. It finds exact repeats only, and is never compared with a real vector.
 */
import { createHash } from 'node:crypto';

/** Dimension of nomic-embed-text, and so of every stored vector. */
export const DIMENSION = 768;

/** A deterministic unit vector for `text`. Has a generator of its own: the global one is not touched. */
export function hashVector(text: string): Float32Array {
  const seed = createHash('sha256').update(text, 'utf8').digest();
  const random = xoshiro128(seed);
  const vector = new Float32Array(DIMENSION);
  for (let i = 0; i < DIMENSION; i += 1) vector[i] = random() * 2 - 1;
  return normalise(vector);
}

/** Scales to length 1 in place. */
export function normalise(vector: Float32Array): Float32Array {
  let sum = 0;
  for (const value of vector) sum += value * value;
  const length = Math.sqrt(sum);
  if (length === 0) return vector;
  for (let i = 0; i < vector.length; i += 1) vector[i] = (vector[i] ?? 0) / length;
  return vector;
}

/** xoshiro128** (Blackman and Vigna), seeded with the first 16 bytes of a digest. Uniform in [0, 1). */
function xoshiro128(seed: Buffer): () => number {
  let a = seed.readUInt32LE(0);
  let b = seed.readUInt32LE(4);
  let c = seed.readUInt32LE(8);
  // An all-zero state would stay zero for ever.
  let d = seed.readUInt32LE(12) | 1;
  return () => {
    const times5 = Math.imul(b, 5);
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9);
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return (result >>> 0) / 2 ** 32;
  };
}
