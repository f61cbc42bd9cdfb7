/**
 * The parts Mimo is assembled from. Each is a factory, so that one can be exchanged without the rest
 * knowing: this is where a mutant changes a single thing, and why the good code never asks about them.
 */
import type { IBreaker } from 'cockatiel';
import type { Verdict } from './classify/classifier.ts';
import { ContentCache, type ContentCacheOptions } from './classify/content-cache.ts';
import type { Config } from './config.ts';
import { createServer, type Server } from './http/server.ts';
import type { Service } from './http/service.ts';
import { type AnswerFallback, createAnswerFallback } from './llm/answer-cache.ts';
import { createLlmClient, type LlmClient, type ProviderConfig } from './llm/client.ts';
import type { Database } from './memory/database.ts';
import { createEmbedder, type GenerateEmbedding } from './memory/embedder.ts';
import { createOllamaClient, type OllamaClient } from './memory/ollama-client.ts';
import { createPersist, goesBehindQueue, type PersistMemory, type PersistOptions } from './memory/persist.ts';
import { createRecall, type Recall, type RecallOptions } from './memory/recall.ts';
import { createReembedder, type Reembedder, type ReembedOptions } from './memory/reembed.ts';
import { createReplay, type Replay, type ReplayOptions } from './memory/replay.ts';
import { createStore, type Store } from './memory/store.ts';
import { createVectorStore, type VectorStore } from './memory/vector-store.ts';
import { openWriteQueue, type WriteQueue, type WriteQueueOptions } from './memory/write-queue.ts';
import type { BreakerPolicy } from './policy.ts';
import { type Breaker, type BreakerOptions, createBreaker } from './resilience/breaker.ts';
import { speaksAgainst } from './resilience/faults.ts';
import type { Guard } from './resilience/guard.ts';
import { createRetry, type Retry, type RetryOptions } from './resilience/retry.ts';
import { WindowedFailures } from './resilience/windowed-failures.ts';
import { SEMANTIC_STATEMENTS, type SemanticStatements } from './semantic/statements.ts';
import { type Mark, markServed } from './served.ts';

export interface Parts {
  readonly tripRule: (policy: BreakerPolicy) => IBreaker;
  readonly breaker: (options: BreakerOptions) => Breaker;
  /** Whether an error counts against the dependency. */
  readonly isFailure: (error: unknown) => boolean;
  readonly retry: (options: RetryOptions) => Retry;
  readonly llmClient: (provider: ProviderConfig) => LlmClient;
  readonly ollamaClient: (config: Config['ollama']) => OllamaClient;
  readonly embedder: (guard: Guard, client: OllamaClient) => GenerateEmbedding;
  readonly classifications: (options: ContentCacheOptions) => ContentCache<Verdict>;
  readonly answerFallback: (maxAgeMs: number, entriesMax: number) => AnswerFallback;
  readonly store: (database: Database) => Store;
  readonly vectorStore: (database: Database) => VectorStore;
  readonly writeQueue: (options: WriteQueueOptions) => Promise<WriteQueue>;
  readonly goesBehindQueue: (queue: WriteQueue) => boolean;
  readonly persist: (options: PersistOptions) => PersistMemory;
  readonly replay: (options: ReplayOptions) => Replay;
  readonly recall: (options: RecallOptions) => Recall;
  readonly reembedder: (options: ReembedOptions) => Reembedder;
  readonly semanticStatements: SemanticStatements;
  readonly mark: Mark;
  readonly server: (service: Service) => Server;
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
  embedder: createEmbedder,
  classifications: (options) => new ContentCache(options),
  answerFallback: createAnswerFallback,
  store: createStore,
  vectorStore: createVectorStore,
  writeQueue: openWriteQueue,
  goesBehindQueue,
  persist: createPersist,
  replay: createReplay,
  recall: createRecall,
  reembedder: createReembedder,
  semanticStatements: SEMANTIC_STATEMENTS,
  mark: markServed,
  server: createServer,
};
