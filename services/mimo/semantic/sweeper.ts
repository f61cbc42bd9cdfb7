/**
 * Deletes triples whose time is over, in small batches through the guard. Reads hide them anyway; this only keeps
 * the table small. Its timer exists only while something may expire.
 */
import type { Logger } from 'pino';
import { isLinkError } from '../resilience/faults.ts';
import type { Guard } from '../resilience/guard.ts';
import { newTrace } from '../trace.ts';
import type { SemanticStore } from './store.ts';

export interface SweeperOptions {
  readonly guard: Guard;
  readonly store: SemanticStore;
  /** Time between two batches, in ms. */
  readonly intervalMs: number;
  readonly log: Logger;
}

export interface Sweeper {
  /** Something that expires was stored. */
  wake(): void;
  /** Stops; resolves when the batch under way has ended. */
  close(): Promise<void>;
}

export function createSweeper({ guard, store, intervalMs, log }: SweeperOptions): Sweeper {
  let timer: NodeJS.Timeout | null = null;
  let sweeping: Promise<void> | null = null;
  let isClosed = false;

  function wake(): void {
    if (isClosed || timer !== null || sweeping !== null) return;
    timer = setTimeout(() => {
      timer = null;
      sweeping = sweep().then((more) => {
        sweeping = null;
        if (more) wake();
      });
    }, intervalMs);
    timer.unref();
  }

  /** Whether there is, or will be, more to do. */
  async function sweep(): Promise<boolean> {
    if (!guard.admits()) return true;
    try {
      const { swept, more } = await guard.call((signal) => store.sweep(newTrace(), signal));
      if (swept > 0) log.debug({ swept }, 'expired triples deleted');
      return more;
    } catch (error) {
      if (!isLinkError(error)) log.error({ err: error }, 'sweep of expired triples failed');
      return isLinkError(error);
    }
  }

  return {
    wake,
    async close() {
      isClosed = true;
      if (timer !== null) clearTimeout(timer);
      await sweeping;
    },
  };
}
