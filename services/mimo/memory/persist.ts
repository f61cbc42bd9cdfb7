/**
 * persistMemory: one idempotent statement with bounded retry, or else the queue on disk. A write that
 * was acknowledged is in one of the two; a write that can be in neither is refused to the caller.
 */

import { isLinkError, RequestRefused } from '../resilience/faults.ts';
import type { Retry } from '../resilience/retry.ts';
import type { Trace } from '../trace.ts';
import type { Engram } from './engram.ts';
import type { Store } from './store.ts';
import type { WriteQueue } from './write-queue.ts';

export type Persisted =
  | { readonly status: 'stored'; readonly id: string }
  | { readonly status: 'queued'; readonly id: null };

/** @throws QueueRefusal when neither database nor queue takes it, RequestRefused when the data is wrong. */
export type PersistMemory = (engram: Engram, trace: Trace) => Promise<Persisted>;

export interface PersistOptions {
  readonly store: Store;
  readonly retry: Retry;
  readonly queue: WriteQueue;
  readonly goesBehindQueue: (queue: WriteQueue) => boolean;
  readonly onStored: (engram: Engram, id: string) => void;
  readonly onQueued: () => void;
}

/** Order: while earlier writes wait, a later one must not overtake them. */
export const goesBehindQueue = (queue: WriteQueue): boolean => queue.depth > 0;

export function createPersist(options: PersistOptions): PersistMemory {
  const { store, retry, queue } = options;
  return async (engram, trace) => {
    if (!options.goesBehindQueue(queue)) {
      try {
        const id = await retry((signal) => store.insert(engram, trace, signal));
        options.onStored(engram, id);
        return { status: 'stored', id };
      } catch (error) {
        if (!isLinkError(error)) throw error;
        if (error instanceof RequestRefused && error.kind === 'request') throw error;
      }
    }
    await queue.append(engram);
    options.onQueued();
    return { status: 'queued', id: null };
  };
}
