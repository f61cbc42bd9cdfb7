/** What the original's fallbacks of LLM and embeddings get wrong. */

import { postJson } from '../http/post-json.ts';
import type { Embedding } from '../memory/embedder.ts';
import { DIMENSION, hashVector } from '../memory/hash-vector.ts';
import type { Mutate } from '../parts.ts';
import { CallRejected, isLinkError } from '../resilience/faults.ts';
import type { LinkParts } from '../served.ts';

const ENTRIES_UNBOUNDED = 1_000_000;
const DEFAULT_SENTENCE = 'I am unable to process this request at the moment.';
/** Few enough that any two texts may share one. */
const HASH_BUCKETS = 1;

export const FALLBACK_MUTANTS: Readonly<Record<string, Mutate>> = {
  'fallback-not-wired': (parts) => ({
    ...parts,
    answerFallback: () => ({
      size: 0,
      remember() {},
      answer(_query, error) {
        throw error;
      },
    }),
  }),

  'rejection-not-recognised': (parts) => ({
    ...parts,
    answerFallback(...bounds) {
      const fallback = parts.answerFallback(...bounds);
      return {
        get size() {
          return fallback.size;
        },
        remember: fallback.remember,
        answer(query, error) {
          if (error instanceof CallRejected) throw error;
          return fallback.answer(query, error);
        },
      };
    },
  }),

  'degraded-unmarked': (parts) => ({
    ...parts,
    mark(links) {
      const live: LinkParts = Object.fromEntries(
        Object.keys(links).map((link) => [link, { by: 'live', ageMs: null }]),
      );
      return parts.mark(live);
    },
  }),

  'cache-without-ttl': (parts) => ({
    ...parts,
    answerFallback: (_maxAgeMs, entriesMax) => parts.answerFallback(Number.POSITIVE_INFINITY, entriesMax),
  }),

  'cache-unbounded': (parts) => ({
    ...parts,
    answerFallback: (maxAgeMs) => parts.answerFallback(maxAgeMs, ENTRIES_UNBOUNDED),
  }),

  'cache-dies-with-request': (parts) => ({
    ...parts,
    answerFallback: (...bounds) => ({ ...parts.answerFallback(...bounds), remember() {} }),
  }),

  'cached-age-untrue': (parts) => ({
    ...parts,
    answerFallback(...bounds) {
      const fallback = parts.answerFallback(...bounds);
      return {
        get size() {
          return fallback.size;
        },
        remember: fallback.remember,
        answer(query, error) {
          const found = fallback.answer(query, error);
          return found.by === 'cached' ? { ...found, ageMs: 0 } : found;
        },
      };
    },
  }),

  'default-sentence-as-answer': (parts) => ({
    ...parts,
    answerFallback(...bounds) {
      const fallback = parts.answerFallback(...bounds);
      return {
        get size() {
          return fallback.size;
        },
        remember: fallback.remember,
        answer(query, error) {
          const found = fallback.answer(query, error);
          return found.by === 'cached' ? found : { by: 'cached', synthesis: DEFAULT_SENTENCE, ageMs: 0 };
        },
      };
    },
  }),

  'failures-swallowed': (parts) => ({
    ...parts,
    ollamaClient(config) {
      const client = parts.ollamaClient(config);
      return {
        async embed(texts, trace, signal) {
          try {
            return await client.embed(texts, trace, signal);
          } catch (error) {
            if (!isLinkError(error)) throw error;
            return texts.map(hashVector);
          }
        },
      };
    },
  }),

  'fake-vector-kept-after-recovery': (parts) => ({
    ...parts,
    store(database) {
      const store = parts.store(database);
      return {
        ...store,
        insert: (engram, trace, signal) => store.insert({ ...engram, source: 'live' }, trace, signal),
      };
    },
    reembedder: () => ({ pending: 0, noticed() {}, found() {}, close: async () => {} }),
  }),

  'dimension-unchecked': (parts) => ({
    ...parts,
    ollamaClient({ baseUrl, model }) {
      return {
        async embed(texts, _trace, signal) {
          const body = { model, input: texts };
          const post = { link: 'ollama' as const, url: `${baseUrl}/api/embed`, headers: {}, body, signal };
          const { embeddings } = (await postJson(post)) as { embeddings: number[][] };
          return embeddings.map((numbers) =>
            Float32Array.from({ length: DIMENSION }, (_, i) => numbers[i] ?? 0),
          );
        },
      };
    },
  }),

  'hash-vectors-collide': (parts) => ({
    ...parts,
    embedder(guard, client) {
      const embed = parts.embedder(guard, client);
      return async (text, trace) => {
        const embedding = await embed(text, trace);
        const bucket = String(text.length % HASH_BUCKETS);
        return embedding.source === 'hash' ? { ...embedding, vector: hashVector(bucket) } : embedding;
      };
    },
  }),

  'embedding-cache-poisoned': (parts) => ({
    ...parts,
    embedder(guard, client) {
      const embed = parts.embedder(guard, client);
      const cache = new Map<string, Embedding>();
      return async (text, trace) => {
        const embedding = cache.get(text) ?? (await embed(text, trace));
        cache.set(text, embedding);
        return embedding;
      };
    },
  }),
};
