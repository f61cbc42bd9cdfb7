/**
 * By what memories are searched: pgvector where the server has it, else the exact scan in process. Chosen once, at
 * the first contact with the database, said in the log, a metric and the readiness report. The scan in process goes
 * on beside pgvector: it has what was stored a moment ago, and answers when the database cannot.
 */
import type { Logger } from 'pino';
import { isLinkError } from '../resilience/faults.ts';
import type { Guard } from '../resilience/guard.ts';
import { newTrace, type Trace } from '../trace.ts';
import { VECTORS_PER_BATCH } from './statements.ts';
import type { Recalled, SearchOptions } from './vector-index.ts';
import type { Missing, VectorStore } from './vector-store.ts';

/** `undecided`: the database has not been reached yet, and the scan in process is used meanwhile. */
export type SearchedBy = 'undecided' | 'in-process' | 'pgvector';

export interface VectorSearchOptions {
  readonly guard: Guard;
  readonly store: VectorStore;
  /** Time between two batches of vectors moved to pgvector, in ms. */
  readonly intervalMs: number;
  readonly log: Logger;
}

export interface VectorSearch {
  readonly by: SearchedBy;
  /** Chooses, if that has not been done. A database that cannot be asked leaves it undecided. */
  choose(trace: Trace): Promise<void>;
  /** What pgvector finds; null where it is not to be used. @throws what the guard throws. */
  nearest(query: Float32Array, options: SearchOptions, trace: Trace): Promise<readonly Recalled[] | null>;
  /** There are memories up to this revision, some of which may need their vector in pgvector. */
  noticed(revision: bigint): void;
  /** Stops; resolves when the batch under way has ended. */
  close(): Promise<void>;
}

/** As for the index in process: a revision may become visible after a higher one. */
const OVERLAP_REVISIONS = 256n;

export function createVectorSearch({ guard, store, intervalMs, log }: VectorSearchOptions): VectorSearch {
  let by: SearchedBy = 'undecided';
  let isToldUndecided = false;
  /** Below it every memory has its vector, but for those within the overlap. */
  let movedTo = 0n;
  let seen = 0n;
  /** Something was stored since the last look. */
  let isStale = true;
  let timer: NodeJS.Timeout | null = null;
  let moving: Promise<void> | null = null;
  let isClosed = false;

  async function choose(trace: Trace): Promise<void> {
    if (by !== 'undecided') return;
    try {
      const version = await guard.call((signal) => store.support(trace, signal));
      if (by !== 'undecided') return;
      by = version === null ? 'in-process' : 'pgvector';
      log.info({ vectorSearch: by, version }, `memories are searched by ${describe[by]}`);
      schedule();
    } catch (error) {
      if (!isLinkError(error)) throw error;
      if (isToldUndecided) return;
      isToldUndecided = true;
      log.info({ vectorSearch: by, err: error }, `memories are searched by ${describe[by]}`);
    }
  }

  function schedule(): void {
    if (isClosed || by !== 'pgvector' || !isStale || timer !== null || moving !== null) return;
    timer = setTimeout(() => {
      timer = null;
      moving = move().finally(() => {
        moving = null;
        schedule();
      });
    }, intervalMs);
    timer.unref();
  }

  async function move(): Promise<void> {
    if (!guard.admits()) return;
    const trace = newTrace();
    try {
      isStale = false;
      const seenBefore = seen;
      const after = movedTo > OVERLAP_REVISIONS ? movedTo - OVERLAP_REVISIONS : 0n;
      const missing = await guard.call((signal) => store.missing(after, trace, signal));
      if (missing.length > 0) await guard.call((signal) => store.put(missing, trace, signal));
      movedTo = newest(missing, movedTo);
      if (missing.length === VECTORS_PER_BATCH) isStale = true;
      // Nothing is missing up to what had been seen: the next look need not begin before it.
      else if (seenBefore > movedTo) movedTo = seenBefore;
    } catch (error) {
      isStale = true;
      if (!isLinkError(error)) log.error({ err: error }, 'moving vectors to pgvector failed');
    }
  }

  return {
    get by() {
      return by;
    },
    choose,
    async nearest(query, options, trace) {
      if (by !== 'pgvector') return null;
      return guard.call((signal) => store.nearest(query, options, trace, signal));
    },
    noticed(revision) {
      isStale = true;
      if (revision > seen) seen = revision;
      schedule();
    },
    async close() {
      isClosed = true;
      if (timer !== null) clearTimeout(timer);
      await moving;
    },
  };
}

const describe: Readonly<Record<SearchedBy, string>> = {
  undecided: 'an exact scan in process until the database answers',
  'in-process': 'an exact scan in process: the server has no pgvector',
  pgvector: 'pgvector',
};

function newest(missing: readonly Missing[], known: bigint): bigint {
  let highest = known;
  for (const { revision } of missing) if (revision > highest) highest = revision;
  return highest;
}
