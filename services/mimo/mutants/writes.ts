/** What the original's write queue and its reads of the database get wrong. */
import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BadRequest } from '../http/requests.ts';
import type { LlmClient } from '../llm/client.ts';
import type { Embedding } from '../memory/embedder.ts';
import type { Engram } from '../memory/engram.ts';
import { hashVector } from '../memory/hash-vector.ts';
import type { WriteQueue } from '../memory/write-queue.ts';
import type { Mutate } from '../parts.ts';
import type { Guard } from '../resilience/guard.ts';
import { newTrace } from '../trace.ts';

/** The original gives a queued write up after three tries, and tells its log. */
const REPLAY_TRIES = 3;
/** Its queue is ordered by the millisecond; its store is slower, so that neighbours meet more often. */
const KEY_MS = 50;
const TAG_LIMIT_MS = 2_000;

/** The queue with some of its ways changed. */
function changed(queue: WriteQueue, ways: Partial<WriteQueue>): WriteQueue {
  return {
    get depth() {
      return queue.depth;
    },
    capacity: queue.capacity,
    append: (engram) => queue.append(engram),
    head: () => queue.head(),
    remove: (key) => queue.remove(key),
    entries: () => queue.entries(),
    close: () => queue.close(),
    ...ways,
  };
}

export const WRITE_MUTANTS: Readonly<Record<string, Mutate>> = {
  'writes-lost-on-outage': (parts) => ({
    ...parts,
    async writeQueue(options) {
      const queue = await parts.writeQueue(options);
      return changed(queue, {
        async append({ idempotencyKey }) {
          process.stderr.write(`${JSON.stringify({ msg: 'write queued for retry', idempotencyKey })}\n`);
        },
      });
    },
  }),

  'writes-doubled-on-replay': (parts) => ({
    ...parts,
    store(database) {
      const store = parts.store(database);
      return {
        ...store,
        insert: (engram, trace, signal) =>
          store.insert({ ...engram, idempotencyKey: randomUUID() }, trace, signal),
      };
    },
  }),

  'queue-dies-with-process': (parts) => ({
    ...parts,
    async writeQueue({ capacity }) {
      const entries = new Map<string, Engram>();
      return {
        get depth() {
          return entries.size;
        },
        capacity,
        async append(engram) {
          entries.set(engram.idempotencyKey, engram);
        },
        head: () => entries.values().next().value,
        remove: (key) => void entries.delete(key),
        entries: () => entries.values(),
        close: async () => {},
      };
    },
  }),

  'state-folder-not-kept': (parts) => ({
    ...parts,
    writeQueue: async (options) =>
      parts.writeQueue({ ...options, directory: await mkdtemp(join(tmpdir(), 'mimo-state-')) }),
  }),

  'queue-keyed-by-time': (parts) => ({
    ...parts,
    async writeQueue(options) {
      const queue = await parts.writeQueue(options);
      let last = { at: Number.NaN, key: '' };
      return changed(queue, {
        async append(engram) {
          const at = Math.floor(Date.now() / KEY_MS);
          if (at === last.at) queue.remove(last.key);
          last = { at, key: engram.idempotencyKey };
          await queue.append(engram);
        },
      });
    },
  }),

  'exhausted-writes-dropped': (parts) => ({
    ...parts,
    replay(options) {
      const tries = new Map<string, number>();
      const insert: typeof options.store.insert = async (engram, trace, signal) => {
        try {
          return await options.store.insert(engram, trace, signal);
        } catch (error) {
          const tried = (tries.get(engram.idempotencyKey) ?? 0) + 1;
          tries.set(engram.idempotencyKey, tried);
          if (tried >= REPLAY_TRIES) options.queue.remove(engram.idempotencyKey);
          throw error;
        }
      };
      return parts.replay({ ...options, store: { ...options.store, insert } });
    },
  }),

  'queued-writes-unseen': (parts) => ({
    ...parts,
    recall: (options) => parts.recall({ ...options, queue: changed(options.queue, { entries: () => [] }) }),
  }),

  'empty-result-hides-outage': (parts) => ({
    ...parts,
    recall(options) {
      const recall = parts.recall(options);
      return async (...asked) => {
        const recalled = await recall(...asked);
        if (recalled.database.by === 'live') return recalled;
        return { memories: [], database: { by: 'live', ageMs: null } };
      };
    },
  }),

  'write-timeout-but-committed': (parts) => ({
    ...parts,
    persist: (options) =>
      parts.persist({
        ...options,
        store: {
          ...options.store,
          insert: (engram, trace) => options.store.insert(engram, trace, new AbortController().signal),
        },
        queue: changed(options.queue, {
          append: () => Promise.reject(new BadRequest('write_timeout')),
        }),
      }),
  }),

  'ollama-inside-transaction': (parts) => {
    let database: Guard | undefined;
    return {
      ...parts,
      retry(options) {
        database = options.guard;
        return parts.retry(options);
      },
      embedder(guard, client) {
        const embed = parts.embedder(guard, client);
        return (text, trace) => {
          const without: Embedding = { vector: hashVector(text), source: 'hash' };
          return database?.call(() => embed(text, trace)).catch(() => without) ?? embed(text, trace);
        };
      },
    };
  },

  'llm-inside-write-lock': (parts) => {
    let llm: LlmClient | undefined;
    let lock: Promise<unknown> = Promise.resolve();
    return {
      ...parts,
      llmClient(provider) {
        llm ??= parts.llmClient(provider);
        return parts.llmClient(provider);
      },
      persist(options) {
        const persist = parts.persist(options);
        return (engram, trace) => {
          const write = async (): ReturnType<typeof persist> => {
            const messages = [{ role: 'user' as const, content: `Tags for: ${engram.content}` }];
            const limit = AbortSignal.timeout(TAG_LIMIT_MS);
            await llm?.complete({ messages, trace: newTrace() }, limit).catch(() => {});
            return persist(engram, trace);
          };
          const written = lock.then(write);
          lock = written.catch(() => {});
          return written;
        };
      },
    };
  },
};
