/** What the stand-in says: a pure function of the messages, so that an answer can be checked. */

/** A chat message as the API takes it; content parts that are not text are ignored. */
export interface Message {
  role: string;
  content: string | { type: string; text?: string | undefined }[] | null;
}

/** The text of a message. */
export function textOf({ content }: Message): string {
  if (content === null) return '';
  if (typeof content === 'string') return content;
  return content.map((part) => part.text ?? '').join(' ');
}

/** What a system message says when it wants one of some words for an answer. */
const CLOSED_QUESTION = /answer with one word of: ([\p{L}\p{N}_, -]+)\./iu;

/**
 * Answers the last user message in its own words, and says how much context it was given. To a closed question
 * (`Answer with one word of: red, green.`) it answers with one of the words, always the same for the same message.
 */
export function answerFor(messages: readonly Message[]): string {
  const question = textOf(messages.findLast(({ role }) => role === 'user') ?? { role: 'user', content: '' });
  const words = tokens(question);
  const context = messages
    .filter(({ role }) => role === 'system')
    .map(textOf)
    .join(' ');
  const choices = CLOSED_QUESTION.exec(context)?.[1]?.split(', ');
  if (choices !== undefined) return choices[sumOf(question) % choices.length] ?? '';
  const topic = words.length === 0 ? 'nothing' : words.slice(0, 12).join(' ');
  return `You asked about ${topic}. I was given ${tokens(context).length} words of context.`;
}

function sumOf(text: string): number {
  let sum = 0;
  for (const character of text) sum += character.codePointAt(0) ?? 0;
  return sum;
}

/** The stand-in's tokenizer: runs of letters and digits. Not a real model's, but countable by hand. */
export function tokens(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Splits a text into the pieces a stream sends: a word with the space before it. */
export function pieces(text: string): string[] {
  return text.match(/\s*\S+/g) ?? [];
}
