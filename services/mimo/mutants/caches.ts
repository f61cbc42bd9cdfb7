/** What the original's caches and its semantic store get wrong. */
import type { Verdict } from '../classify/classifier.ts';
import { type CacheKey, ContentCache, type ContentCacheOptions } from '../classify/content-cache.ts';
import type { Mutate } from '../parts.ts';

/** Every miss computes, whoever else computes the same. */
class Unshared extends ContentCache<Verdict> {
  override async once(_key: CacheKey, compute: () => Promise<Verdict>) {
    return { value: await compute(), isShared: false };
  }
}

/** One computes at a time, whatever it computes: hits are not held up, misses wait for each other. */
class OneAtATime extends ContentCache<Verdict> {
  #last: Promise<unknown> = Promise.resolve();

  override once(_key: CacheKey, compute: () => Promise<Verdict>) {
    const computed = this.#last.then(compute);
    this.#last = computed.catch(() => {});
    return computed.then((value) => ({ value, isShared: false }));
  }
}

/** Being asked for keeps nothing: what was put in first goes first. */
class FirstInFirstOut extends ContentCache<Verdict> {
  readonly #kept = new Map<string, { value: Verdict; atMs: number }>();
  readonly #options: ContentCacheOptions;

  constructor(options: ContentCacheOptions) {
    super(options);
    this.#options = options;
  }

  override get size(): number {
    return this.#kept.size;
  }

  override get({ content, model }: CacheKey) {
    const kept = this.#kept.get(`${model} ${content}`);
    const ageMs = Math.round(performance.now() - (kept?.atMs ?? 0));
    return kept === undefined || ageMs > this.#options.ttlMs ? undefined : { value: kept.value, ageMs };
  }

  override put({ content, model }: CacheKey, value: Verdict): void {
    this.#kept.set(`${model} ${content}`, { value, atMs: performance.now() });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > this.#options.entries && oldest !== undefined) this.#kept.delete(oldest);
  }
}

export const CACHE_MUTANTS: Readonly<Record<string, Mutate>> = {
  'cache-stampede': (parts) => ({ ...parts, classifications: (options) => new Unshared(options) }),
  'cache-computes-one-at-a-time': (parts) => ({
    ...parts,
    classifications: (options) => new OneAtATime(options),
  }),
  'cache-is-fifo': (parts) => ({ ...parts, classifications: (options) => new FirstInFirstOut(options) }),

  // A cast or a sum around the column, and no index serves it.
  'spo-index-unused': (parts) => {
    const { path, ...others } = parts.semanticStatements;
    const sql = path.sql.replaceAll('t.subject_id = w.id', "t.subject_id || '' = w.id");
    return { ...parts, semanticStatements: { ...others, path: { ...path, sql } } };
  },
};
