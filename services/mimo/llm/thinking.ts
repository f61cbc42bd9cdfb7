/** Reasoning models put their thoughts before the answer, between tags; they are not for the caller. */

const OPEN = '<think>';
const CLOSE = '</think>';

/** Takes a text in pieces and lets the answer through. What could be the start of a tag is held back. */
export class ThinkingFilter {
  #held = '';
  #isThinking = false;
  #hasBegun = false;

  /** What of the text so far is answer, and has not been given yet. */
  push(text: string): string {
    this.#held += text;
    let answer = '';
    for (;;) {
      const tag = this.#isThinking ? CLOSE : OPEN;
      const at = this.#held.indexOf(tag);
      const until = at === -1 ? this.#held.length - tailOf(this.#held, tag) : at;
      if (!this.#isThinking) answer += this.#held.slice(0, until);
      this.#held = this.#held.slice(at === -1 ? until : at + tag.length);
      if (at === -1) return this.#withoutLead(answer);
      this.#isThinking = !this.#isThinking;
    }
  }

  /** What is left when nothing more comes: thoughts that were never closed are no answer. */
  end(): string {
    return this.#isThinking ? '' : this.#withoutLead(this.#held);
  }

  /** Models set an answer off from their thoughts with blank lines. */
  #withoutLead(text: string): string {
    const answer = this.#hasBegun ? text : text.trimStart();
    this.#hasBegun ||= answer !== '';
    return answer;
  }
}

/** The answer in a whole text. */
export function withoutThinking(text: string): string {
  const filter = new ThinkingFilter();
  return (filter.push(text) + filter.end()).trim();
}

/** Length of the longest end of `text` with which `tag` could begin. */
function tailOf(text: string, tag: string): number {
  for (let length = Math.min(text.length, tag.length - 1); length > 0; length -= 1) {
    if (tag.startsWith(text.slice(-length))) return length;
  }
  return 0;
}
