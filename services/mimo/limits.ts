/**
 * The bounds of the whole process, each with a default and a range, each read from one variable of the
 * environment. The bounds of one link (calls at once, write queue) are in the policy.
 */
import { z } from 'zod';

const MEBIBYTE = 1024 * 1024;

/** A bound as the environment gives it: a whole number in a range, or the default. */
function bound(min: number, max: number, otherwise: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.coerce.number({ error }).int(error).min(min, error).max(max, error).default(otherwise);
}

export const LimitVariables = z.object({
  /** Bytes. Above the longest memory even when every character is escaped in JSON. */
  MIMO_BODY_BYTES_MAX: bound(1_024, 64 * MEBIBYTE, MEBIBYTE),
  /** Four times what the bulkhead of one link lets through. */
  MIMO_REQUESTS_IN_FLIGHT_MAX: bound(1, 100_000, 256),
  /** Requests of one client address per window; 0 switches the limiter off. */
  MIMO_RATE_LIMIT_REQUESTS: bound(0, 1_000_000, 0),
  MIMO_RATE_LIMIT_WINDOW_MS: bound(100, 3_600_000, 60_000),
  /** Client addresses the limiter remembers; the least recent one is forgotten first. */
  MIMO_RATE_LIMIT_CLIENTS_MAX: bound(1, 1_000_000, 10_000),
  /** A thousand answers of some 800 characters are about 2 MB. */
  MIMO_ANSWER_CACHE_ENTRIES_MAX: bound(1, 1_000_000, 1_000),
  /** 10 000 rows of 3 kB are 30 MB, and an exact scan over them takes about 10 ms. */
  MIMO_VECTOR_INDEX_ENTRIES_MAX: bound(1, 1_000_000, 10_000),
  /** The original's; a classification takes some 300 bytes. 0 switches the cache off. */
  MIMO_CLASSIFIER_CACHE_ENTRIES_MAX: bound(0, 1_000_000, 1_000),
  /** The original's hour; a day at most. */
  MIMO_CLASSIFIER_CACHE_TTL_MS: bound(1, 86_400_000, 3_600_000),
  /** Connections that follow GET /events. */
  MIMO_EVENT_FOLLOWERS_MAX: bound(1, 1_000, 16),
});

export interface Limits {
  readonly bodyBytesMax: number;
  readonly requestsInFlightMax: number;
  readonly rateLimit: {
    /** 0: no limit. */
    readonly requests: number;
    readonly windowMs: number;
    readonly clientsMax: number;
  };
  readonly answerCacheEntriesMax: number;
  readonly vectorIndexEntriesMax: number;
  /** 0: no cache. */
  readonly classifierCacheEntriesMax: number;
  readonly classifierCacheTtlMs: number;
  readonly eventFollowersMax: number;
}

/** The limits that these variables mean. */
export function limitsFrom(variables: z.infer<typeof LimitVariables>): Limits {
  return {
    bodyBytesMax: variables.MIMO_BODY_BYTES_MAX,
    requestsInFlightMax: variables.MIMO_REQUESTS_IN_FLIGHT_MAX,
    rateLimit: {
      requests: variables.MIMO_RATE_LIMIT_REQUESTS,
      windowMs: variables.MIMO_RATE_LIMIT_WINDOW_MS,
      clientsMax: variables.MIMO_RATE_LIMIT_CLIENTS_MAX,
    },
    answerCacheEntriesMax: variables.MIMO_ANSWER_CACHE_ENTRIES_MAX,
    vectorIndexEntriesMax: variables.MIMO_VECTOR_INDEX_ENTRIES_MAX,
    classifierCacheEntriesMax: variables.MIMO_CLASSIFIER_CACHE_ENTRIES_MAX,
    classifierCacheTtlMs: variables.MIMO_CLASSIFIER_CACHE_TTL_MS,
    eventFollowersMax: variables.MIMO_EVENT_FOLLOWERS_MAX,
  };
}

/** What holds where nothing is set. */
export const LIMITS_DEFAULT: Limits = limitsFrom(LimitVariables.parse({}));
