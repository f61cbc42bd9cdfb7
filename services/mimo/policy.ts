/**
 * What Mimo promises to do when a dependency fails: timeout, retry, breaker, bulkhead and fallback of
 * each link. One schema, two profiles. The same object drives the code and is served at /resilience,
 * so what is declared cannot drift from what runs.
 */
import { z } from 'zod';

const Milliseconds = z.number().positive();

const Retry = z.strictObject({
  /** Tries in total, the first included. */
  attempts: z.int().min(1).max(10),
  backoff: z.strictObject({
    kind: z.literal('exponential'),
    baseMs: Milliseconds,
    factor: z.number().min(1),
    capMs: Milliseconds,
    /** `full`: the wait is drawn evenly from 0 to the backoff. */
    jitter: z.literal('full'),
  }),
  /** All tries and waits together end within this many ms. */
  deadlineMs: Milliseconds,
});
export type RetryPolicy = z.infer<typeof Retry>;

const Breaker = z.strictObject({
  kind: z.literal('count-window'),
  /** Failures among the last `windowCalls` calls that trip it. */
  failures: z.int().min(1),
  windowCalls: z.int().min(1),
  /** Time from tripping to the first probe, in ms. */
  openMs: Milliseconds,
  /** Calls admitted while half-open; every further one is rejected at once. */
  halfOpenProbes: z.int().min(1),
  /** All probes must succeed to close; one failure reopens. */
  successesToClose: z.int().min(1),
});
export type BreakerPolicy = z.infer<typeof Breaker>;

/** One link's policy; `fallback` and `retry` differ by link. */
function Link<F extends z.ZodType, R extends z.ZodType>(fallback: F, retry: R) {
  return z.strictObject({
    /** Limit of one attempt, in ms. */
    timeoutMs: Milliseconds,
    retry,
    breaker: Breaker,
    /** Calls in flight at once; `queue` more wait for a place, at most `timeoutMs` each, and all others are rejected. */
    bulkhead: z.strictObject({ concurrent: z.int().min(1), queue: z.int().min(0) }),
    fallback,
  });
}

const Cached = z.strictObject({ kind: z.literal('cached'), maxAgeMs: Milliseconds });
const Hash = z.strictObject({ kind: z.literal('hash') });
const Queue = z.strictObject({ kind: z.literal('queue'), capacity: z.int().min(1) });

/** The LLM may be several providers, asked in order; each has this policy and a breaker of its own. */
const Llm = Link(Cached, z.null()).extend({
  /**
   * All providers together answer, or begin to stream, within this many ms (a tenth more where timers are late).
   * It is shared out evenly: with several providers `timeoutMs` is at most each one's part, so that a hang leaves
   * the next its whole time.
   */
  deadlineMs: Milliseconds,
  /** An answer in pieces. The first must come within `timeoutMs`. */
  stream: z.strictObject({
    /** Longest silence between two pieces, in ms. */
    betweenTokensMs: Milliseconds,
    /** From the request to the last piece, in ms. */
    deadlineMs: Milliseconds,
  }),
});
export type LlmPolicy = z.infer<typeof Llm>;

/** The whole policy. `links` is what /resilience declares. */
export const Policy = z.strictObject({
  profile: z.enum(['production', 'fast']),
  /** Longest time an answer may take when the caller asks for no less, in ms. */
  requestDeadlineMs: Milliseconds,
  links: z.strictObject({
    llm: Llm,
    ollama: Link(Hash, z.null()),
    database: Link(Queue, Retry),
  }),
});
export type Policy = z.infer<typeof Policy>;
/** The providers of the LLM chain, in the order in which they are asked; only the first is always there. */
export const LLM_LINKS = ['llm', 'llm-2', 'llm-3'] as const;
export type LlmLink = (typeof LLM_LINKS)[number];
/** Links that every Mimo has. */
export type BaseLink = keyof Policy['links'];
export type LinkName = BaseLink | LlmLink;
export type LinkPolicy = Policy['links'][BaseLink];
export const LINK_NAMES: readonly BaseLink[] = ['llm', 'ollama', 'database'];

/** The names under which the original system knows its breakers. */
export const BREAKER_NAMES: Readonly<Record<LinkName, string>> = {
  llm: 'llm_service',
  'llm-2': 'llm_service_2',
  'llm-3': 'llm_service_3',
  ollama: 'ollama',
  database: 'database',
};

/** Writes the queue on disk may hold; at about 5 kB each that is some 50 MB. */
const QUEUE_CAPACITY = 10_000;
/** Room for bursts: at the entry's limit of requests in flight, one slow link must not hold them all. */
const BULKHEAD = { concurrent: 64, queue: 0 } as const;
/**
 * The original's pool. Calls beyond it wait before the breaker, so that a call that is let through finds a
 * connection, and none reaches the database after its breaker has opened.
 */
const DATABASE_BULKHEAD = { concurrent: 10, queue: 100 } as const;

function breaker(failures: number, openMs: number, probes: number): BreakerPolicy {
  return {
    kind: 'count-window',
    failures,
    // Twice the failures: a dependency that fails half of its calls trips it, a rare error does not.
    windowCalls: 2 * failures,
    openMs,
    halfOpenProbes: probes,
    successesToClose: probes,
  };
}

function retry(baseMs: number, capMs: number, deadlineMs: number): RetryPolicy {
  return {
    attempts: 3,
    backoff: { kind: 'exponential', baseMs, factor: 2, capMs, jitter: 'full' },
    deadlineMs,
  };
}

/** Thresholds are the original's production configuration: 5/60 s/3, 5/60 s/3 and 3/30 s/2. */
const production: Policy = {
  profile: 'production',
  requestDeadlineMs: 25_000,
  links: {
    llm: {
      timeoutMs: 20_000,
      deadlineMs: 20_000,
      stream: { betweenTokensMs: 5_000, deadlineMs: 20_000 },
      retry: null,
      breaker: breaker(5, 60_000, 3),
      bulkhead: BULKHEAD,
      fallback: { kind: 'cached', maxAgeMs: 3_600_000 },
    },
    ollama: {
      timeoutMs: 5_000,
      retry: null,
      breaker: breaker(5, 60_000, 3),
      bulkhead: BULKHEAD,
      fallback: { kind: 'hash' },
    },
    database: {
      timeoutMs: 2_000,
      retry: retry(100, 1_000, 5_000),
      breaker: breaker(3, 30_000, 2),
      bulkhead: DATABASE_BULKHEAD,
      fallback: { kind: 'queue', capacity: QUEUE_CAPACITY },
    },
  },
};

/** The same shape and thresholds with times short enough to watch a full cycle in seconds. */
const fast: Policy = {
  profile: 'fast',
  requestDeadlineMs: 2_000,
  links: {
    llm: {
      timeoutMs: 400,
      deadlineMs: 800,
      stream: { betweenTokensMs: 300, deadlineMs: 1_600 },
      retry: null,
      breaker: breaker(5, 1_000, 3),
      bulkhead: BULKHEAD,
      fallback: { kind: 'cached', maxAgeMs: 60_000 },
    },
    ollama: {
      timeoutMs: 300,
      retry: null,
      breaker: breaker(5, 800, 3),
      bulkhead: BULKHEAD,
      fallback: { kind: 'hash' },
    },
    database: {
      timeoutMs: 250,
      retry: retry(20, 200, 900),
      breaker: breaker(3, 600, 2),
      bulkhead: DATABASE_BULKHEAD,
      fallback: { kind: 'queue', capacity: QUEUE_CAPACITY },
    },
  },
};

/** The policy of a profile, checked against the schema when read. */
export function policyOf(profile: Policy['profile']): Policy {
  return Policy.parse(profile === 'fast' ? fast : production);
}

/** The policy as it is for so many LLM providers, which share the deadline of the link. */
export function forProviders({ links, ...rest }: Policy, llmProviders: number): Policy {
  const timeoutMs = Math.min(links.llm.timeoutMs, Math.floor(links.llm.deadlineMs / llmProviders));
  return { ...rest, links: { ...links, llm: { ...links.llm, timeoutMs } } };
}

/** The policy of a link; the providers of the LLM share one. */
export function linkPolicyOf({ links }: Policy, link: LinkName): LinkPolicy {
  return link === 'ollama' || link === 'database' ? links[link] : links.llm;
}
