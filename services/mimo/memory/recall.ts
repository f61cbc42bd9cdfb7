/**
 * search_memories: bring the index up to date with one cheap statement, then search it in process. Where the
 * server has pgvector, it is asked as well: it knows the memories that no longer fit into the index.
 * With the database away the same index answers as it stands, with the queued writes, and says its age.
 */

import { isLinkError } from '../resilience/faults.ts';
import type { Guard } from '../resilience/guard.ts';
import type { Part } from '../served.ts';
import type { Trace } from '../trace.ts';
import type { Embedding } from './embedder.ts';
import { CATCH_UP_ROWS_MAX } from './statements.ts';
import type { Store } from './store.ts';
import { Best, dot, type Recalled, type SearchOptions, type VectorIndex } from './vector-index.ts';
import type { VectorSearch } from './vector-search.ts';
import type { WriteQueue } from './write-queue.ts';

/**
 * Revisions looked at again each time. A revision is drawn before its commit, so a slower neighbour
 * may appear below one already seen; 256 covers the writes of a database timeout at high load.
 */
const OVERLAP_REVISIONS = 256n;

export interface RecallOptions {
  readonly guard: Guard;
  readonly store: Store;
  readonly queue: WriteQueue;
  /** Memories are kept here; bounded. */
  readonly index: VectorIndex;
  readonly vectors: Pick<VectorSearch, 'choose' | 'nearest' | 'noticed'>;
  /** Told once, at the first contact: rows whose hash vector waits for a real one. */
  readonly onHashedFound: (count: number) => void;
}

export interface Recollection {
  readonly memories: readonly Recalled[];
  readonly database: Part;
}

export type Recall = (query: Embedding, options: SearchOptions, trace: Trace) => Promise<Recollection>;

export function createRecall(options: RecallOptions): Recall {
  const { guard, store, queue, index, vectors, onHashedFound } = options;
  /** Revisions applied within the overlap, so that the statement need not send those rows again. */
  const applied = new Set<bigint>();
  /** Enough statements to fill an empty index. */
  const catchUpStatementsMax = Math.ceil(index.capacity / CATCH_UP_ROWS_MAX) + 1;
  let highest = 0n;
  let isSurveyed = false;
  // Before the first contact the index is what it was at the start: empty.
  let caughtUpAtMs = performance.now();

  async function catchUp(trace: Trace): Promise<void> {
    const beganAtMs = performance.now();
    if (!isSurveyed) {
      const survey = await guard.call((signal) => store.survey(index.capacity, trace, signal));
      // Another search may have made first contact meanwhile.
      if (!isSurveyed) {
        isSurveyed = true;
        highest = survey.after;
        onHashedFound(survey.hashed);
      }
    }
    for (let statement = 0; statement < catchUpStatementsMax; statement += 1) {
      const after = highest > OVERLAP_REVISIONS ? highest - OVERLAP_REVISIONS : 0n;
      const known = [...applied];
      const rows = await guard.call((signal) => store.newerThan(after, known, trace, signal));
      for (const row of rows) {
        index.put(row);
        applied.add(row.revision);
        if (row.revision > highest) highest = row.revision;
      }
      if (rows.length > 0) vectors.noticed(highest);
      for (const revision of applied) if (revision <= highest - OVERLAP_REVISIONS) applied.delete(revision);
      if (rows.length < CATCH_UP_ROWS_MAX) break;
    }
    caughtUpAtMs = Math.max(caughtUpAtMs, beganAtMs);
  }

  async function freshness(trace: Trace): Promise<Part> {
    try {
      await catchUp(trace);
      return { by: 'live', ageMs: null };
    } catch (error) {
      if (!isLinkError(error)) throw error;
      return { by: 'memory', ageMs: Math.round(performance.now() - caughtUpAtMs) };
    }
  }

  /** What pgvector knows beyond the index; a hash vector finds exact repeats only, which the index has. */
  async function beyondIndex(query: Embedding, options: SearchOptions, trace: Trace) {
    if (query.source !== 'live') return [];
    await vectors.choose(trace);
    return (await vectors.nearest(query.vector, options, trace)) ?? [];
  }

  async function search(query: Embedding, options: SearchOptions, trace: Trace): Promise<Recollection> {
    const database = await freshness(trace);
    const memories = index.search(query, options);
    if (database.by !== 'live') return { memories, database };
    try {
      const held = new Set(memories.map(({ id }) => id));
      const others = await beyondIndex(query, options, trace);
      return { memories: [...memories, ...others.filter(({ id }) => !held.has(id))], database };
    } catch (error) {
      if (!isLinkError(error)) throw error;
      return { memories, database: { by: 'memory', ageMs: Math.round(performance.now() - caughtUpAtMs) } };
    }
  }

  return async (query, options, trace) => {
    const { memories, database } = await search(query, options, trace);
    const best = new Best(options.limit, options.threshold);
    for (const found of memories) best.offer(found.similarity, found);
    for (const write of queue.entries()) {
      if (write.source === query.source) best.offer(dot(query.vector, write.vector), { ...write, id: null });
    }
    return { memories: best.found, database };
  };
}
