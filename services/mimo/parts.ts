/**
 * The parts Mimo is assembled from. Each is a factory, so that one can be exchanged without the rest
 * knowing: this is where a mutant changes a single thing, and why the good code never asks about them.
 */
import type { IBreaker } from 'cockatiel';
import type { Config } from './config.ts';
import { type AnswerFallback, createAnswerFallback } from './llm/answer-cache.ts';
import { createLlmClient, type LlmClient } from './llm/client.ts';
import type { Database } from './memory/database.ts';
import { createOllamaClient, type OllamaClient } from './memory/ollama-client.ts';
import { goesBehindQueue } from './memory/persist.ts';
import { createReembedder, type Reembedder, type ReembedOptions } from './memory/reembed.ts';
import { createStore, type Store } from './memory/store.ts';
import { openWriteQueue, type WriteQueue, type WriteQueueOptions } from './memory/write-queue.ts';
import type { BreakerPolicy } from './policy.ts';
import { type Breaker, type BreakerOptions, createBreaker } from './resilience/breaker.ts';
import { speaksAgainst } from './resilience/faults.ts';
import { createRetry, type Retry, type RetryOptions } from './resilience/retry.ts';
import { WindowedFailures } from './resilience/windowed-failures.ts';
import { type Mark, markServed } from './served.ts';

export interface Parts {
  readonly tripRule: (policy: BreakerPolicy) => IBreaker;
  readonly breaker: (options: BreakerOptions) => Breaker;
  /** Whether an error counts against the dependency. */
  readonly isFailure: (error: unknown) => boolean;
  readonly retry: (options: RetryOptions) => Retry;
  readonly llmClient: (config: Config['llm']) => LlmClient;
  readonly ollamaClient: (config: Config['ollama']) => OllamaClient;
  readonly answerFallback: (maxAgeMs: number) => AnswerFallback;
  readonly store: (database: Database) => Store;
  readonly writeQueue: (options: WriteQueueOptions) => Promise<WriteQueue>;
  readonly goesBehindQueue: (queue: WriteQueue) => boolean;
  readonly reembedder: (options: ReembedOptions) => Reembedder;
  readonly mark: Mark;
}

/** One defect: the parts with something wrong in them. */
export type Mutate = (parts: Parts) => Parts;

export const PARTS: Parts = {
  tripRule: (policy) => new WindowedFailures(policy.failures, policy.windowCalls),
  breaker: createBreaker,
  isFailure: speaksAgainst,
  retry: createRetry,
  llmClient: createLlmClient,
  ollamaClient: createOllamaClient,
  answerFallback: createAnswerFallback,
  store: createStore,
  writeQueue: openWriteQueue,
  goesBehindQueue,
  reembedder: createReembedder,
  mark: markServed,
};
