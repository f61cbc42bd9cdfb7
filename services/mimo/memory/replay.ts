/**
 * Brings queued writes to the database: in order, one at a time, through the database's guard. Its
 * timer exists only while something is queued, and a call the breaker would reject is not even made.
 */
import type { Logger } from 'pino';
import { isLinkError, RequestRefused } from '../resilience/faults.ts';
import type { Guard } from '../resilience/guard.ts';
import { newTrace } from '../trace.ts';
import type { Engram } from './engram.ts';
import type { Store } from './store.ts';
import type { WriteQueue } from './write-queue.ts';

export interface ReplayOptions {
  readonly queue: WriteQueue;
  readonly guard: Guard;
  readonly store: Store;
  /** Time between two looks at a database that was away, in ms. */
  readonly intervalMs: number;
  readonly onStored: (engram: Engram, id: string) => void;
  readonly log: Logger;
}

export interface Replay {
  /** Something may be queued: look after it. */
  wake(): void;
  /** Stops; resolves when the write under way has ended. */
  close(): Promise<void>;
}

export function createReplay({ queue, guard, store, intervalMs, onStored, log }: ReplayOptions): Replay {
  let timer: NodeJS.Timeout | null = null;
  let draining: Promise<void> | null = null;
  let isClosed = false;

  function wake(): void {
    if (isClosed || timer !== null || draining !== null || queue.depth === 0) return;
    timer = setTimeout(() => {
      timer = null;
      draining = drain().finally(() => {
        draining = null;
        wake();
      });
    }, intervalMs);
    timer.unref();
  }

  async function drain(): Promise<void> {
    for (let next = queue.head(); next !== undefined && !isClosed && guard.admits(); next = queue.head()) {
      if (!(await storeOne(next))) return;
    }
  }

  /** Whether the queue may go on to its next entry. */
  async function storeOne(engram: Engram): Promise<boolean> {
    try {
      const id = await guard.call((signal) => store.insert(engram, newTrace(), signal));
      queue.remove(engram.idempotencyKey);
      onStored(engram, id);
      return true;
    } catch (error) {
      if (error instanceof RequestRefused && error.kind === 'request') {
        // It can never be stored and would block all behind it. The whole write goes to the log,
        // where an operator can find it.
        const { vector: _, ...write } = engram;
        log.error({ err: error, write }, 'queued write refused by the database, taken out');
        queue.remove(engram.idempotencyKey);
        return true;
      }
      if (!isLinkError(error)) log.error({ err: error }, 'replay failed');
      return false;
    }
  }

  return {
    wake,
    async close() {
      isClosed = true;
      if (timer !== null) clearTimeout(timer);
      await draining;
    },
  };
}
