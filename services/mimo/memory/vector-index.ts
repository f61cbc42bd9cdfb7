/**
 * The newest memories, held in process and searched exactly: one row of a flat Float32Array each.
 * It answers when the database cannot. Bounded; when full the oldest memory leaves the index (not
 * the database).
 */

import type { Embedding, EmbeddingSource } from './embedder.ts';
import type { Category, IndexedEngram } from './engram.ts';
import { DIMENSION } from './hash-vector.ts';

/** 10 000 rows of 3 kB are 30 MB, and an exact scan over them takes about 10 ms. */
export const INDEX_CAPACITY = 10_000;
const ROWS_AT_FIRST = 256;

/** A memory that a search found. */
export interface Recalled {
  /** Row id; null while the write is still queued. */
  readonly id: string | null;
  readonly content: string;
  readonly category: Category;
  readonly importance: number;
  /** Cosine, from -1 to 1. */
  readonly similarity: number;
}

export interface SearchOptions {
  readonly limit: number;
  /** Least similarity of a result. */
  readonly threshold: number;
}

interface Entry {
  id: string;
  revision: bigint;
  content: string;
  category: Category;
  importance: number;
  source: EmbeddingSource;
}

export class VectorIndex {
  /** Memories held at most. */
  readonly capacity: number;
  #rows = new Float32Array(0);
  readonly #entries: Entry[] = [];
  /** Row number by id, in order of arrival. */
  readonly #rowById = new Map<string, number>();

  constructor(capacity: number = INDEX_CAPACITY) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Adds or updates. A revision older than the one held is ignored: catch-ups may overtake each other. */
  put(engram: IndexedEngram): void {
    const held = this.#rowById.get(engram.id);
    if (held !== undefined && (this.#entries[held]?.revision ?? 0n) >= engram.revision) return;
    const row = held ?? this.#freeRow();
    this.#entries[row] = {
      id: engram.id,
      revision: engram.revision,
      content: engram.content,
      category: engram.category,
      importance: engram.importance,
      source: engram.source,
    };
    this.#rows.set(engram.vector.subarray(0, DIMENSION), row * DIMENSION);
    this.#rowById.set(engram.id, row);
  }

  /** The most similar memories of the same source, best first. */
  search(query: Embedding, { limit, threshold }: SearchOptions): Recalled[] {
    const best = new Best(limit, threshold);
    for (let row = 0; row < this.#entries.length; row += 1) {
      const entry = this.#entries[row];
      // A hash vector and a real one say nothing about each other.
      if (entry === undefined || entry.source !== query.source) continue;
      best.offer(dot(query.vector, this.#rows, row * DIMENSION), entry);
    }
    return best.found;
  }

  #freeRow(): number {
    if (this.#entries.length < this.capacity) {
      this.#growFor(this.#entries.length + 1);
      return this.#entries.length;
    }
    const oldest = this.#rowById.entries().next().value;
    if (oldest === undefined) throw new RangeError('vector index: capacity must be at least 1');
    this.#rowById.delete(oldest[0]);
    return oldest[1];
  }

  #growFor(rows: number): void {
    if (this.#rows.length >= rows * DIMENSION) return;
    const doubled = Math.min(this.capacity, Math.max(ROWS_AT_FIRST, 2 * (rows - 1)));
    const grown = new Float32Array(doubled * DIMENSION);
    grown.set(this.#rows);
    this.#rows = grown;
  }
}

/** Keeps the `limit` best of what it is offered. */
export class Best {
  readonly found: Recalled[] = [];
  readonly #limit: number;
  readonly #threshold: number;

  constructor(limit: number, threshold: number) {
    this.#limit = limit;
    this.#threshold = threshold;
  }

  offer(similarity: number, memory: Omit<Recalled, 'similarity' | 'id'> & { id: string | null }): void {
    if (!(similarity >= this.#threshold)) return;
    const last = this.found[this.#limit - 1];
    if (last !== undefined && last.similarity >= similarity) return;
    const { id, content, category, importance } = memory;
    let at = this.found.length;
    while (at > 0 && (this.found[at - 1]?.similarity ?? 0) < similarity) at -= 1;
    this.found.splice(at, 0, { id, content, category, importance, similarity });
    if (this.found.length > this.#limit) this.found.pop();
  }
}

/** Cosine of two unit vectors, the second inside a larger array. */
export function dot(a: Float32Array, rows: Float32Array, offset = 0): number {
  let sum = 0;
  for (let i = 0; i < DIMENSION; i += 1) sum += (a[i] ?? 0) * (rows[offset + i] ?? 0);
  return sum;
}
