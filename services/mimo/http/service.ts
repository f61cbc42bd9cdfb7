/** What the HTTP side needs of the assembled service. */
import type { Logger } from 'pino';
import type { Ask } from '../ask.ts';
import type { WriteQueue } from '../memory/write-queue.ts';
import type { Metrics } from '../metrics.ts';
import type { LinkName, Policy } from '../policy.ts';
import type { Guard } from '../resilience/guard.ts';
import type { Mark } from '../served.ts';
import type { RunTool } from '../tools.ts';

export interface Service {
  readonly policy: Policy;
  readonly guards: Readonly<Record<LinkName, Guard>>;
  readonly metrics: Metrics;
  readonly queue: WriteQueue;
  readonly log: Logger;
  readonly pendingReembeds: () => number;
  readonly ask: Ask;
  readonly tool: RunTool;
  readonly mark: Mark;
  /** Ends background work, flushes the queue, closes connections. */
  close(): Promise<void>;
}
