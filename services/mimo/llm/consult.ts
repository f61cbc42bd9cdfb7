/**
 * consultChiefOfStaff: asks the LLM to answer a question from the memories at hand. Only builds the
 * prompt; whether the LLM can be asked at all is the guard's concern.
 */
import type { Recalled } from '../memory/vector-index.ts';
import type { Triple } from '../semantic/triple.ts';
import type { ChatMessage } from './client.ts';

/** Enough of a memory to answer from; keeps the prompt within a small model's context. */
const MEMORY_CHARS_MAX = 1_000;

const ROLE =
  "You are the chief of staff of an agent's memory. Answer the question from the memories below. " +
  'Say so when they do not hold the answer. Be brief.';

export function chiefOfStaffPrompt(
  query: string,
  memories: readonly Recalled[],
  relations: readonly Triple[] = [],
): ChatMessage[] {
  const lines = memories.map((memory, n) => `${n + 1}. ${memory.content.slice(0, MEMORY_CHARS_MAX)}`);
  const known = lines.length === 0 ? 'No memories match.' : `Memories:\n${lines.join('\n')}`;
  const related = relations.map(
    ({ subject, predicate, object }) => `- ${subject.id} ${predicate} ${object.id}`,
  );
  const relates = related.length === 0 ? '' : `\n\nRelations:\n${related.join('\n')}`;
  return [
    { role: 'system', content: ROLE },
    { role: 'user', content: `${known}${relates}\n\nQuestion: ${query}` },
  ];
}
