/**
 * `llm_rate_limit`: a limit on requests, as providers keep it: a bucket of tokens that refills all the
 * time. While there is one the request passes and is not hit; after that it is refused with 429 and told
 * when to come again, in the provider's headers.
 */
import { z } from 'zod';
import { defineHttpFault, type FaultContext } from '../fault.ts';
import { ErrorShape, providerError } from '../provider-error.ts';

const Attributes = z.strictObject({
  /** Requests per window. */
  requests: z.int().min(1),
  /** ms */
  window_ms: z.number().positive().default(60_000),
  /** Whose error body and headers they are. */
  shape: ErrorShape.default('openai'),
});
type Attributes = z.infer<typeof Attributes>;

const MS_PER_SECOND = 1000;

/** Below this a part of a token, or of a second, is an error of arithmetic. */
const NEGLIGIBLE = 1e-6;

export const llmRateLimit = defineHttpFault<Attributes, TokenBucket>({
  type: 'llm_rate_limit',
  about: '429 with Retry-After and the provider’s rate limit headers, whenever the limit is used up',
  attributes: Attributes,
  arm: (attributes, context) => tokenBucket(attributes, context),
  act: (_request, { requests, shape }, bucket) => {
    const limited = bucket.take();
    if (limited === null) return { do: 'pass' };
    const retryAfterSeconds = Math.max(1, Math.ceil(limited.nextMs / MS_PER_SECOND - NEGLIGIBLE));
    return {
      do: 'answer',
      answer: {
        status: 429,
        headers: {
          'content-type': 'application/json',
          'retry-after': String(retryAfterSeconds),
          ...limitHeaders(shape, requests, limited.fullMs),
        },
        body: JSON.stringify(providerError(shape, 429)),
      },
    };
  },
});

/** The limit is used up: ms until there is a token, and until the bucket is full. */
interface Limited {
  nextMs: number;
  fullMs: number;
}

interface TokenBucket {
  /** Takes a token; null: there was one. */
  take(): Limited | null;
}

function tokenBucket({ requests, window_ms: windowMs }: Attributes, { nowMs }: FaultContext): TokenBucket {
  const msPerToken = windowMs / requests;
  let tokens = requests;
  let filledMs = nowMs();
  return {
    take: () => {
      const now = nowMs();
      tokens = Math.min(requests, tokens + (now - filledMs) / msPerToken);
      filledMs = now;
      if (tokens < 1 - NEGLIGIBLE)
        return { nextMs: (1 - tokens) * msPerToken, fullMs: (requests - tokens) * msPerToken };
      tokens = Math.max(0, tokens - 1);
      return null;
    },
  };
}

/** How each provider tells its limit. */
function limitHeaders(shape: ErrorShape, requests: number, fullMs: number): Record<string, string> {
  const resetEpochMs = Date.now() + Math.ceil(fullMs);
  switch (shape) {
    case 'openai':
      return {
        'x-ratelimit-limit-requests': String(requests),
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': duration(fullMs),
      };
    case 'openrouter':
      return {
        'x-ratelimit-limit': String(requests),
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(resetEpochMs),
      };
    case 'anthropic':
      return {
        'anthropic-ratelimit-requests-limit': String(requests),
        'anthropic-ratelimit-requests-remaining': '0',
        'anthropic-ratelimit-requests-reset': new Date(resetEpochMs).toISOString(),
      };
    case 'ollama':
      return {}; // it has none
  }
}

/** As OpenAI writes it, and Go: `20ms`, `8.64s`, `1m30s`. */
function duration(ms: number): string {
  if (ms < MS_PER_SECOND) return `${Math.ceil(ms)}ms`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = Number(((ms % 60_000) / MS_PER_SECOND).toFixed(3));
  return `${minutes === 0 ? '' : `${minutes}m`}${seconds}s`;
}
