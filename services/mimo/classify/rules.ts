/** Where an answer may lie, told from the words alone: the substitute for the LLM, and never more than that. */

/** The stores of the original: what is known, what happened, how things are done. */
export const STORES = ['semantic', 'episodic', 'procedural'] as const;
export type StoreName = (typeof STORES)[number];

const PROCEDURAL =
  /\b(how (do|does|to|can|should)|steps?|procedures?|instructions?|set ?up|install|configure|deploy|fix)\b/i;
const EPISODIC =
  /\b(when|yesterday|today|last|ago|recently|earlier|happened|remember|did (i|we|you)|saw|seen|met|visited)\b/i;

export function classifyByRules(query: string): StoreName {
  if (PROCEDURAL.test(query)) return 'procedural';
  return EPISODIC.test(query) ? 'episodic' : 'semantic';
}
