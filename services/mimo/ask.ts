/**
 * The ask path: embed the question, recall memories, consult the chief of staff. Every stage has a
 * substitute, so an answer always comes; each stage reports where its part came from.
 */
import type { AnswerFallback } from './llm/answer-cache.ts';
import type { LlmClient } from './llm/client.ts';
import { chiefOfStaffPrompt } from './llm/consult.ts';
import type { GenerateEmbedding } from './memory/embedder.ts';
import type { Recall } from './memory/recall.ts';
import type { Recalled } from './memory/vector-index.ts';
import { isLinkError } from './resilience/faults.ts';
import type { Guard } from './resilience/guard.ts';
import type { LinkParts, Part } from './served.ts';
import type { Trace } from './trace.ts';

/** Memories put before the LLM. */
const MEMORIES_MAX = 5;
/** Least similarity for a memory to matter, from the original. */
export const SIMILARITY_MIN = 0.3;

export interface Answer {
  readonly memories: readonly Recalled[];
  /** Null when neither the LLM nor an earlier answer of it can be had. */
  readonly synthesis: string | null;
  readonly links: LinkParts;
}

export type Ask = (query: string, trace: Trace) => Promise<Answer>;

export interface AskOptions {
  readonly embed: GenerateEmbedding;
  readonly recall: Recall;
  readonly llm: Guard;
  readonly client: LlmClient;
  readonly fallback: AnswerFallback;
}

export function createAsk({ embed, recall, llm, client, fallback }: AskOptions): Ask {
  return async (query, trace) => {
    const embedding = await embed(query, trace);
    const ollama: Part = { by: embedding.source, ageMs: null };
    const search = { limit: MEMORIES_MAX, threshold: SIMILARITY_MIN };
    const { memories, database } = await recall(embedding, search, trace);
    const messages = chiefOfStaffPrompt(query, memories);
    try {
      const synthesis = await llm.call((signal) => client.complete(messages, trace, signal));
      // An answer from a hash vector or an old index would outlive the outage that made it poor.
      if (ollama.by === 'live' && database.by === 'live') fallback.remember(query, synthesis);
      return { memories, synthesis, links: { llm: { by: 'live', ageMs: null }, ollama, database } };
    } catch (error) {
      if (!isLinkError(error)) throw error;
      const substitute = fallback.answer(query, error);
      const ageMs = substitute.by === 'cached' ? substitute.ageMs : null;
      return {
        memories,
        synthesis: substitute.synthesis,
        links: { llm: { by: substitute.by, ageMs }, ollama, database },
      };
    }
  };
}
