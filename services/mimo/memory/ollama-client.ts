/**
 * Ollama's embedding endpoint. A vector of the wrong length, with a hole in it or without direction
 * is a fault: stored, it would be lost to every search and nobody would notice.
 */
import { z } from 'zod';
import type { Config } from '../config.ts';
import { postJson } from '../http/post-json.ts';
import { DependencyFault } from '../resilience/faults.ts';
import { type Trace, traceparent } from '../trace.ts';
import { DIMENSION, normalise } from './hash-vector.ts';

export interface OllamaClient {
  /**
   * One unit vector per text, in order.
   * @throws DependencyFault, RequestRefused, or the signal's reason when aborted.
   */
  embed(texts: readonly string[], trace: Trace, signal: AbortSignal): Promise<Float32Array[]>;
}

const Embeddings = z.object({ embeddings: z.array(z.array(z.number())) });

export function createOllamaClient({ baseUrl, model }: Config['ollama']): OllamaClient {
  return {
    async embed(texts, trace, signal) {
      const answer = await postJson({
        link: 'ollama',
        url: `${baseUrl}/api/embed`,
        headers: { traceparent: traceparent(trace) },
        body: { model, input: texts.length === 1 ? texts[0] : texts },
        signal,
      });
      const embeddings = Embeddings.safeParse(answer).data?.embeddings;
      if (embeddings?.length !== texts.length) {
        throw new DependencyFault('ollama', 'malformed', `status 200 without ${texts.length} embeddings`);
      }
      return embeddings.map(toUnitVector);
    },
  };
}

function toUnitVector(numbers: readonly number[]): Float32Array {
  if (numbers.length !== DIMENSION) {
    const detail = `embedding has ${numbers.length} dimensions, expected ${DIMENSION}`;
    throw new DependencyFault('ollama', 'malformed', detail);
  }
  const vector = Float32Array.from(numbers);
  // JSON has no NaN, but a number beyond float32 turns into infinity here.
  if (!vector.every(Number.isFinite) || !vector.some((value) => value !== 0)) {
    throw new DependencyFault('ollama', 'malformed', 'embedding is zero or not finite');
  }
  return normalise(vector);
}
