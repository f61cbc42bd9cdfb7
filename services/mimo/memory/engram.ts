/** The memory itself: one remembered text, before and after it is stored. */
import type { EmbeddingSource } from './embedder.ts';

/** Categories of the original system. */
export const CATEGORIES = [
  'fact',
  'action',
  'observation',
  'plan',
  'episode',
  'procedure',
  'entity_anchor',
] as const;
export type Category = (typeof CATEGORIES)[number];

/** A memory to be stored. */
export interface Engram {
  /** Stored at most once per key. */
  readonly idempotencyKey: string;
  readonly content: string;
  readonly category: Category;
  /** 0 to 1. */
  readonly importance: number;
  readonly vector: Float32Array;
  readonly source: EmbeddingSource;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What the index keeps of a stored memory. */
export interface IndexedEngram {
  readonly id: string;
  readonly revision: bigint;
  readonly content: string;
  readonly category: Category;
  readonly importance: number;
  readonly vector: Float32Array;
  readonly source: EmbeddingSource;
}

/** Vectors travel and rest as little-endian float32: 3 kB instead of 8 kB as text. */
export function vectorToBytes(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** Copies, since a network buffer is neither aligned nor ours to keep. */
export function vectorFromBytes(bytes: Uint8Array): Float32Array {
  const copy = new Uint8Array(bytes);
  return new Float32Array(copy.buffer, 0, Math.floor(copy.byteLength / Float32Array.BYTES_PER_ELEMENT));
}
