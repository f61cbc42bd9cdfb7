/**
 * The stand-in's embedding: each word has a fixed random direction and a text is the sum of its
 * words', so the cosine of two texts follows the words they share. A pure function of model and text.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** Length of every vector, as nomic-embed-text has it. */
export const DIMENSIONS = 768;

/** How much the order of words counts: enough to tell "a b" from "b a", too little to hide shared words. */
const ORDER_WEIGHT = 0.03;

const directions = new LRUCache<string, Float64Array>({ max: 5_000 });

/** The L2-normalised vector of a text. A text without words has a direction of its own. */
export function embed(model: string, text: string): number[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const sum = new Float64Array(DIMENSIONS);
  if (words.length === 0) add(sum, direction(`${model} <empty>`), 1);
  let previous = '';
  for (const word of words) {
    add(sum, direction(`${model} ${stem(word)}`), 1);
    add(sum, direction(`${model} ${previous}>${word}`), ORDER_WEIGHT);
    previous = word;
  }
  const norm = Math.sqrt(sum.reduce((total, x) => total + x * x, 0));
  return Array.from(sum, (x) => x / norm);
}

/** Enough of a stemmer that a plural counts as the same word. */
function stem(word: string): string {
  return word.length > 3 ? word.replace(/s$/, '') : word;
}

function add(sum: Float64Array, vector: Float64Array, weight: number): void {
  for (let i = 0; i < DIMENSIONS; i++) sum[i] = (sum[i] ?? 0) + weight * (vector[i] ?? 0);
}

/** A unit vector that depends on the key alone: signs of a hash chain (random signs are nearly orthogonal at 768). */
function direction(key: string): Float64Array {
  const known = directions.get(key);
  if (known !== undefined) return known;
  const vector = new Float64Array(DIMENSIONS);
  const unit = 1 / Math.sqrt(DIMENSIONS);
  let bits = Buffer.alloc(0);
  for (let i = 0; i < DIMENSIONS; i++) {
    const bit = i % 256;
    if (bit === 0)
      bits = createHash('sha256')
        .update(`${key} ${i / 256}`)
        .digest();
    vector[i] = ((bits[bit >> 3] ?? 0) >> (bit & 7)) & 1 ? unit : -unit;
  }
  directions.set(key, vector);
  return vector;
}
