/**
 * A token bucket for each client address: so many requests per window, evenly refilled, so that no
 * client gets two windows' worth at the seam of two. Bounded in the clients it remembers.
 */
import { LRUCache } from 'lru-cache';
import type { Limits } from '../limits.ts';

/** Too many requests from one client. */
export class RateLimited extends Error {
  override readonly name = 'RateLimited';
  /** Until the next request would be taken, in ms. */
  readonly waitMs: number;
  constructor(requests: number, windowMs: number, waitMs: number) {
    super(`Rate limit: ${requests} requests per ${windowMs / 1_000} s and client are taken.`);
    this.waitMs = waitMs;
  }
}

export interface RateLimiter {
  /** Clients remembered. */
  readonly clients: number;
  /** Takes one token; answers how many are left. @throws RateLimited when there is none. */
  take(client: string): number;
}

/** @param nowMs steady, in ms */
export function createRateLimiter(
  { requests, windowMs, clientsMax }: Limits['rateLimit'],
  nowMs: () => number = () => performance.now(),
): RateLimiter {
  const buckets = new LRUCache<string, { tokens: number; atMs: number }>({ max: clientsMax });
  const perMs = requests / windowMs;
  return {
    get clients() {
      return buckets.size;
    },
    take(client) {
      // Off: nobody is remembered.
      if (requests === 0) return Number.POSITIVE_INFINITY;
      const atMs = nowMs();
      const bucket = buckets.get(client) ?? { tokens: requests, atMs };
      const tokens = Math.min(requests, bucket.tokens + (atMs - bucket.atMs) * perMs);
      const isTaken = tokens >= 1;
      buckets.set(client, { tokens: isTaken ? tokens - 1 : tokens, atMs });
      if (!isTaken) throw new RateLimited(requests, windowMs, (1 - tokens) / perMs);
      return Math.floor(tokens - 1);
    },
  };
}
