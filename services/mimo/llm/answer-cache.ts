/**
 * What an ask gets when the LLM cannot be asked: the last good answer to the same question while it
 * is young enough, else nothing. Filled only with answers made from healthy inputs.
 */
import { LRUCache } from 'lru-cache';

/** The original's cache had no bound; the service gives its own limit. */
const ENTRIES_MAX = 1_000;

export type FallbackAnswer =
  | { readonly by: 'cached'; readonly synthesis: string; readonly ageMs: number }
  | { readonly by: 'default'; readonly synthesis: null };

export interface AnswerFallback {
  /** Answers kept. */
  readonly size: number;
  /** Keeps a good answer for later. */
  remember(query: string, synthesis: string): void;
  /** The substitute for an answer; `error` says why the LLM gave none. */
  answer(query: string, error: unknown): FallbackAnswer;
}

export function createAnswerFallback(maxAgeMs: number, entriesMax = ENTRIES_MAX): AnswerFallback {
  const answers = new LRUCache<string, { synthesis: string; atMs: number }>({ max: entriesMax });
  return {
    get size() {
      return answers.size;
    },
    remember(query, synthesis) {
      answers.set(normalised(query), { synthesis, atMs: performance.now() });
    },
    answer(query) {
      const key = normalised(query);
      const found = answers.get(key);
      if (found === undefined) return { by: 'default', synthesis: null };
      const ageMs = Math.round(performance.now() - found.atMs);
      if (ageMs > maxAgeMs) {
        answers.delete(key);
        return { by: 'default', synthesis: null };
      }
      return { by: 'cached', synthesis: found.synthesis, ageMs };
    },
  };
}

/** Two spellings of one question: case, spacing and closing punctuation do not matter. */
export function normalised(query: string): string {
  return query
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[\s?.!]+$/, '');
}
