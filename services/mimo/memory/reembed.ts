/**
 * Gives memories that were stored with a hash vector their real one once Ollama is back. Works through
 * both guards in small batches; its timer exists only while there is work.
 */
import type { Logger } from 'pino';
import { isLinkError } from '../resilience/faults.ts';
import type { Guard } from '../resilience/guard.ts';
import { newTrace } from '../trace.ts';
import type { OllamaClient } from './ollama-client.ts';
import type { Store } from './store.ts';

/** Texts per embedding call: small enough to fit the time limit of a single one. */
const BATCH_MAX = 16;

export interface ReembedOptions {
  readonly ollama: Guard;
  readonly database: Guard;
  readonly client: OllamaClient;
  readonly store: Store;
  /** Time between two batches, in ms. */
  readonly intervalMs: number;
  readonly log: Logger;
}

export interface Reembedder {
  /** Memories known to wait for a real vector. */
  readonly pending: number;
  /** So many memories were stored with a hash vector. */
  noticed(count: number): void;
  /** So many lie in the database in all, those that were noticed included. */
  found(total: number): void;
  /** Stops; resolves when the batch under way has ended. */
  close(): Promise<void>;
}

export function createReembedder(options: ReembedOptions): Reembedder {
  const { ollama, database, client, store, intervalMs, log } = options;
  let pending = 0;
  /** Grows with each notice, so that a batch can tell whether its count is still whole. */
  let notices = 0;
  let timer: NodeJS.Timeout | null = null;
  let working: Promise<void> | null = null;
  let isClosed = false;

  function schedule(): void {
    if (isClosed || pending === 0 || timer !== null || working !== null) return;
    timer = setTimeout(() => {
      timer = null;
      working = batch().finally(() => {
        working = null;
        schedule();
      });
    }, intervalMs);
    timer.unref();
  }

  async function batch(): Promise<void> {
    // Without both there is nothing to do; asking costs no call on either link.
    if (!ollama.admits() || !database.admits()) return;
    const trace = newTrace();
    const noticesBefore = notices;
    try {
      const rows = await database.call((signal) => store.hashed(BATCH_MAX, trace, signal));
      if (rows.length > 0) {
        const texts = rows.map((row) => row.content);
        const vectors = await ollama.call((signal) => client.embed(texts, trace, signal));
        const ids = rows.map((row) => row.id);
        await database.call((signal) => store.setLive(ids, vectors, trace, signal));
      }
      // A short batch was the last one. Notices count attempts, so the sum may exceed the rows.
      if (rows.length < BATCH_MAX && notices === noticesBefore) pending = 0;
      else pending = Math.max(1, pending - rows.length);
    } catch (error) {
      if (!isLinkError(error)) log.error({ err: error }, 're-embedding failed');
    }
  }

  function noticed(count: number): void {
    pending += count;
    notices += count;
    schedule();
  }

  return {
    get pending() {
      return pending;
    },
    noticed,
    found(total) {
      if (total > pending) noticed(total - pending);
    },
    async close() {
      isClosed = true;
      if (timer !== null) clearTimeout(timer);
      await working;
    },
  };
}
