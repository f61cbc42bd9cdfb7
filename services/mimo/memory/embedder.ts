/**
 * generateEmbedding: the real vector through Ollama's guard, else the hash vector, and always which
 * of the two it is. There is no cache in front: every text goes over the link, so a failure shows.
 */

import { isLinkError } from '../resilience/faults.ts';
import type { Guard } from '../resilience/guard.ts';
import type { Trace } from '../trace.ts';
import { hashVector } from './hash-vector.ts';
import type { OllamaClient } from './ollama-client.ts';

/** Where a vector came from. The two kinds live in different spaces and are never compared. */
export type EmbeddingSource = 'live' | 'hash';

export interface Embedding {
  /** Unit length, 768 numbers. */
  readonly vector: Float32Array;
  readonly source: EmbeddingSource;
}

/** Never fails: without Ollama it answers with a hash vector. */
export type GenerateEmbedding = (text: string, trace: Trace) => Promise<Embedding>;

export function createEmbedder(guard: Guard, client: OllamaClient): GenerateEmbedding {
  return async (text, trace) => {
    try {
      const [vector] = await guard.call((signal) => client.embed([text], trace, signal));
      if (vector !== undefined) return { vector, source: 'live' };
    } catch (error) {
      if (!isLinkError(error)) throw error;
    }
    return { vector: hashVector(text), source: 'hash' };
  };
}
