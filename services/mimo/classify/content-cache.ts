/**
 * A cache of what was computed from a content: least recently used goes first, an hour after it was put in it
 * goes anyway, and of several who miss the same at once only one computes. What fails is not kept.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** What a value was computed from. Values of another model, or vectors of another length, are others. */
export type CacheKey =
  | { readonly kind: 'classification'; readonly model: string; readonly content: string }
  | {
      readonly kind: 'embedding';
      readonly model: string;
      readonly dimension: number;
      readonly content: string;
    };

export interface ContentCacheOptions {
  /** Entries at most. */
  readonly entries: number;
  /** Age at which an entry goes, in ms; being asked for does not make it younger. */
  readonly ttlMs: number;
}

export interface Kept<V> {
  readonly value: V;
  /** Time since it was put in, in ms. */
  readonly ageMs: number;
}

export class ContentCache<V extends object> {
  readonly capacity: number;
  readonly #entries: LRUCache<string, V>;
  readonly #ttlMs: number;
  readonly #flights = new Map<string, Promise<V>>();

  constructor({ entries, ttlMs }: ContentCacheOptions) {
    this.capacity = entries;
    this.#ttlMs = ttlMs;
    this.#entries = new LRUCache({ max: entries, ttl: ttlMs });
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: CacheKey): Kept<V> | undefined {
    const id = idOf(key);
    const value = this.#entries.get(id);
    if (value === undefined) return undefined;
    return { value, ageMs: Math.max(0, Math.round(this.#ttlMs - this.#entries.getRemainingTTL(id))) };
  }

  put(key: CacheKey, value: V): void {
    this.#entries.set(idOf(key), value);
  }

  /**
   * Runs `compute`, or waits for the one that runs already for the same key. Its failure is everybody's who
   * waits, and nobody's who comes later. What is to be kept is put by `compute` itself, under the right key.
   */
  async once(key: CacheKey, compute: () => Promise<V>): Promise<{ value: V; isShared: boolean }> {
    const id = idOf(key);
    const flight = this.#flights.get(id);
    if (flight !== undefined) return { value: await flight, isShared: true };
    const started = compute().finally(() => this.#flights.delete(id));
    this.#flights.set(id, started);
    return { value: await started, isShared: false };
  }
}

/** A digest, so that an entry is as small for a long content as for a short one. */
function idOf(key: CacheKey): string {
  const parts = key.kind === 'embedding' ? [key.kind, key.model, key.dimension] : [key.kind, key.model];
  const hash = createHash('sha256').update(key.content, 'utf8').digest('base64url');
  return [...parts, hash].join('\u0000');
}
