/** What the HTTP side needs of the assembled service. */
import type { Logger } from 'pino';
import type { Ask, AskInPieces } from '../ask.ts';
import type { Classify } from '../classify/classifier.ts';
import type { Events } from '../events.ts';
import type { CacheGauge } from '../gauges.ts';
import type { Limits } from '../limits.ts';
import type { VectorSearch } from '../memory/vector-search.ts';
import type { WriteQueue } from '../memory/write-queue.ts';
import type { Metrics } from '../metrics.ts';
import type { ResourceMonitor } from '../monitor/resource-monitor.ts';
import type { BaseLink, LinkName, Policy } from '../policy.ts';
import type { Guard } from '../resilience/guard.ts';
import type { Semantic } from '../semantic/semantic.ts';
import type { Mark } from '../served.ts';
import type { RunTool } from '../tools.ts';

export interface Service {
  readonly policy: Policy;
  /** The three that are always there, and those of further LLM providers. */
  readonly guards: Readonly<Record<BaseLink, Guard> & Partial<Record<LinkName, Guard>>>;
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly events: Events;
  readonly monitor: ResourceMonitor;
  readonly caches: readonly CacheGauge[];
  readonly queue: WriteQueue;
  readonly log: Logger;
  readonly pendingReembeds: () => number;
  readonly ask: Ask;
  readonly askInPieces: AskInPieces;
  readonly classify: Classify;
  readonly tool: RunTool;
  readonly semantic: Semantic;
  readonly vectors: Pick<VectorSearch, 'by' | 'choose' | 'nearest'>;
  readonly mark: Mark;
  /** Ends background work, flushes the queue, closes connections. */
  close(): Promise<void>;
}
