/** F1: the fallback module has no caller, so an LLM failure reaches whoever asked. */
import type { Mutate } from '../parts.ts';

export const fallbackNotWired: Mutate = (parts) => ({
  ...parts,
  answerFallback: () => ({
    remember() {},
    answer(_query, error) {
      throw error;
    },
  }),
});
