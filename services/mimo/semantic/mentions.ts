/** Which nodes a text may speak of: its words, and up to three of them in a row, as ids. Exact, so it guesses nothing. */

const WORDS_IN_A_ROW_MAX = 3;
/** A question has few words; a pasted page must not become a statement with thousands of ids. */
const WORDS_MAX = 40;
const AT_THE_EDGE = /^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu;

export function mentionable(text: string): string[] {
  const words = text
    .split(/\s+/)
    .map((word) => word.replace(AT_THE_EDGE, ''))
    .filter((word) => word !== '')
    .slice(0, WORDS_MAX);
  const ids = new Set<string>();
  for (const [start] of words.entries()) {
    for (let n = 1; n <= WORDS_IN_A_ROW_MAX && start + n <= words.length; n += 1) {
      const id = words.slice(start, start + n).join(' ');
      ids.add(id);
      ids.add(id.toLowerCase());
    }
  }
  return [...ids];
}
