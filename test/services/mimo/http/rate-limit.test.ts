/** The rate limiter alone, on a clock of the test's own. */
import { describe, expect, test } from '@jest/globals';
import { createRateLimiter, RateLimited } from '../../../../services/mimo/http/rate-limit.ts';

function stage(given: { requests?: number; clientsMax?: number } = {}) {
  let atMs = 0;
  const limiter = createRateLimiter({ requests: 10, windowMs: 1_000, clientsMax: 100, ...given }, () => atMs);
  const taken = (client: string, tries: number): number => {
    let count = 0;
    for (let n = 0; n < tries; n += 1) {
      try {
        limiter.take(client);
        count += 1;
      } catch (error) {
        if (!(error instanceof RateLimited)) throw error;
      }
    }
    return count;
  };
  const pass = (ms: number): void => {
    atMs += ms;
  };
  return { limiter, taken, pass };
}

describe('the rate limiter', () => {
  test('lets a client have its requests, and no more', () => {
    expect(stage().taken('a', 30)).toBe(10);
  });

  test('says when to come back', () => {
    const { taken, limiter, pass } = stage();
    taken('a', 10);
    expect(() => limiter.take('a')).toThrow(expect.objectContaining({ waitMs: 100 }));
    pass(100);
    expect(limiter.take('a')).toBe(0);
  });

  test('refills evenly: no two windows at once at the seam', () => {
    const { taken, pass } = stage();
    pass(999);
    expect(taken('a', 30)).toBe(10);
    pass(2);
    expect(taken('a', 30)).toBe(0);
    pass(10_000);
    expect(taken('a', 30)).toBe(10);
  });

  test('counts each client alone, and remembers so many', () => {
    const { taken, limiter } = stage({ clientsMax: 3 });
    for (const client of ['a', 'b', 'c', 'd', 'e']) expect(taken(client, 12)).toBe(10);
    expect(limiter.clients).toBe(3);
  });

  test('0 switches it off, and remembers nobody', () => {
    const { taken, limiter } = stage({ requests: 0 });
    expect(taken('a', 1_000)).toBe(1_000);
    expect(limiter.clients).toBe(0);
  });
});
