/**
 * Vectors to search among, from a seed: the same numbers on every machine. `clustered` looks like embeddings of
 * text, few directions that matter and topics of unequal size; `uniform` is what benchmarks often take instead.
 */
import { DIMENSION, normalise } from '../../services/mimo/memory/hash-vector.ts';

export type Distribution = 'clustered' | 'uniform';

export interface VectorsOptions {
  readonly count: number;
  readonly queries: number;
  readonly seed: number;
  readonly distribution: Distribution;
}

/** Unit vectors, one after the other in flat arrays. */
export interface Vectors {
  readonly base: Float32Array;
  /** Drawn as the base is, and none of it. */
  readonly queries: Float32Array;
}

/** Topics; the k-th is as frequent as 1/k, as words and subjects are. */
const CLUSTERS = 500;
/** Directions in which vectors really differ. Estimates for text embeddings lie between ten and a few dozen. */
const LATENT = 32;
/** Spread within a topic, as a part of the spread of the topics themselves. */
const WITHIN = 0.6;
/** Length of the noise in all 768 directions beside a signal of about 1. */
const NOISE = 0.15;
/** Embeddings of text share a direction: two random ones have a cosine well above 0. */
const COMMON = 0.7;

export function makeVectors({ count, queries, seed, distribution }: VectorsOptions): Vectors {
  const random = xorshift32(seed);
  const draw = distribution === 'uniform' ? uniformVectors(random) : clusteredVectors(random);
  return { base: fill(count, draw), queries: fill(queries, draw) };
}

function fill(count: number, draw: (into: Float32Array) => void): Float32Array {
  const all = new Float32Array(count * DIMENSION);
  for (let row = 0; row < count; row += 1) {
    const vector = all.subarray(row * DIMENSION, (row + 1) * DIMENSION);
    draw(vector);
    normalise(vector);
  }
  return all;
}

function uniformVectors(random: () => number): (into: Float32Array) => void {
  const normal = gaussian(random);
  return (into) => {
    for (let i = 0; i < DIMENSION; i += 1) into[i] = normal();
  };
}

function clusteredVectors(random: () => number): (into: Float32Array) => void {
  const normal = gaussian(random);
  const normals = (length: number, scale: number) => Float32Array.from({ length }, () => normal() * scale);
  // Each column has a length of about 1.
  const directions = normals(LATENT * DIMENSION, 1 / Math.sqrt(DIMENSION));
  const common = normals(DIMENSION, COMMON / Math.sqrt(DIMENSION));
  const centres = normals(CLUSTERS * LATENT, 1 / Math.sqrt(LATENT));
  const cumulative = new Float64Array(CLUSTERS);
  let sum = 0;
  for (let k = 0; k < CLUSTERS; k += 1) {
    sum += 1 / (k + 1);
    cumulative[k] = sum;
  }
  return (into) => {
    const at = random() * sum;
    const found = cumulative.findIndex((upTo) => at < upTo);
    const cluster = found === -1 ? CLUSTERS - 1 : found;
    for (let i = 0; i < DIMENSION; i += 1) {
      into[i] = (common[i] ?? 0) + (normal() * NOISE) / Math.sqrt(DIMENSION);
    }
    for (let k = 0; k < LATENT; k += 1) {
      const weight = (centres[cluster * LATENT + k] ?? 0) + (normal() * WITHIN) / Math.sqrt(LATENT);
      const column = k * DIMENSION;
      for (let i = 0; i < DIMENSION; i += 1)
        into[i] = (into[i] ?? 0) + weight * (directions[column + i] ?? 0);
    }
  };
}

/** Box and Muller's two normal numbers at a time. */
function gaussian(random: () => number): () => number {
  let spare: number | null = null;
  return () => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** Marsaglia's xorshift. Uniform in [0, 1). */
function xorshift32(seed: number): () => number {
  // A state of zero would stay there.
  let state = (seed * 0x9e3779b1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
