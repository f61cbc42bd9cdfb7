/** How what was recalled and the router's decision look in an answer, over HTTP and MCP alike. */
import type { Beginning } from '../ask.ts';
import type { Classification } from '../classify/classifier.ts';

/** The memories by the original's stores, and what the semantic store says of the things the question names. */
export function resultsOf({ memories, relations }: Pick<Beginning, 'memories' | 'relations'>): object {
  return {
    episodic: memories.filter(({ category }) => category !== 'fact' && category !== 'procedure'),
    semantic: memories.filter(({ category }) => category === 'fact'),
    procedural: memories.filter(({ category }) => category === 'procedure'),
    relations,
  };
}

/** Null where the router is off. */
export function routerDecision(decision: Classification | null): object | null {
  if (decision === null) return null;
  const { store, part, cache, ageMs } = decision;
  return { store, by: part.by, degraded: part.by !== 'live', cache, age_ms: ageMs };
}
