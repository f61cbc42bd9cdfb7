/** The cache of what was computed from a content, alone: what goes first, what goes anyway, who computes. */
import { describe, expect, test } from '@jest/globals';
import { type CacheKey, ContentCache } from '../../../../services/mimo/classify/content-cache.ts';
import { until } from '../stage.ts';

const key = (content: string, given: Partial<CacheKey> = {}): CacheKey =>
  ({ kind: 'classification', model: 'm', content, ...given }) as CacheKey;
const said = (word: string): { word: string } => ({ word });
const cacheOf = (entries: number, ttlMs = 60_000): ContentCache<{ word: string }> =>
  new ContentCache({ entries, ttlMs });

describe('the cache', () => {
  test('lets the least recently used go, and not the oldest', () => {
    const cache = cacheOf(2);
    cache.put(key('a'), said('a'));
    cache.put(key('b'), said('b'));
    cache.get(key('a'));
    cache.put(key('c'), said('c'));
    expect(['a', 'b', 'c'].map((content) => cache.get(key(content))?.value.word)).toEqual([
      'a',
      undefined,
      'c',
    ]);
  });

  test('holds no more than it may, however much is put', () => {
    const cache = cacheOf(10);
    for (let n = 0; n < 1_000; n += 1) cache.put(key(`${n}`), said('x'));
    expect([cache.size, cache.capacity]).toEqual([10, 10]);
  });

  test('lets an entry go at its age, however often it is asked for', async () => {
    const cache = cacheOf(10, 100);
    const putAtMs = performance.now();
    cache.put(key('a'), said('a'));
    expect(cache.get(key('a'))?.ageMs).toBeLessThan(100);
    await until('it has gone', () => cache.get(key('a')) === undefined);
    expect(performance.now() - putAtMs).toBeGreaterThanOrEqual(99);
  });

  test('tells what was computed by another model, of another kind or length, from another text', () => {
    const cache = cacheOf(10);
    cache.put(key('a'), said('mine'));
    for (const other of [
      key('A'),
      key('a', { model: 'n' }),
      { kind: 'embedding', model: 'm', dimension: 768, content: 'a' } as const,
      { kind: 'embedding', model: 'm', dimension: 256, content: 'a' } as const,
    ]) {
      expect(cache.get(other)).toBeUndefined();
      cache.put(other, said(JSON.stringify(other)));
    }
    expect(cache.size).toBe(5);
    expect(cache.get(key('a'))?.value.word).toBe('mine');
  });

  test('of many who miss the same at once, one computes', async () => {
    const cache = cacheOf(10);
    let computed = 0;
    const all = await Promise.all(
      Array.from({ length: 50 }, () =>
        cache.once(key('a'), async () => {
          computed += 1;
          await new Promise((resolve) => setImmediate(resolve));
          return said('a');
        }),
      ),
    );
    expect(computed).toBe(1);
    expect(all.filter(({ isShared }) => isShared)).toHaveLength(49);
  });

  test('a failure is of all who wait for it, and of nobody who comes later', async () => {
    const cache = cacheOf(10);
    const fails = (): Promise<never> => Promise.reject(new Error('no'));
    const both = await Promise.allSettled([cache.once(key('a'), fails), cache.once(key('a'), fails)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(cache.size).toBe(0);
    await expect(cache.once(key('a'), async () => said('yes'))).resolves.toEqual({
      value: said('yes'),
      isShared: false,
    });
  });
});
