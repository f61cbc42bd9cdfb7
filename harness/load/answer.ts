/**
 * What is looked for in an answer's body: the earlier write that was asked for, and the part that is compared
 * with other answers to the same question. Bodies themselves are not kept.
 */
import type { RequestEvent } from '../model/history.ts';
import { valueAt } from '../model/json-path.ts';
import { hashOf } from './hash.ts';
import type { PlannedRequest } from './plan.ts';

/** What of a body is read; what is longer was not asked for here. */
const READ_BYTES_MAX = 4 * 1024 * 1024;

/** What a request event says of an answer's content. */
export type Told = Pick<RequestEvent, 'wants' | 'found' | 'question' | 'answer'>;

/**
 * Reads a body to its end, and looks into it where the request asks for that.
 * @param keeps true: the text is given back too
 */
export async function readAnswer(
  body: AsyncIterable<Uint8Array>,
  planned: Pick<PlannedRequest, 'wants' | 'compare' | 'question'>,
  keeps = false,
): Promise<{ told: Told; text?: string }> {
  const looks = keeps || planned.wants !== undefined || planned.compare !== undefined;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (looks && bytes <= READ_BYTES_MAX) chunks.push(chunk);
  }
  if (!looks) return { told: {} };
  const text = Buffer.concat(chunks).toString('utf8');
  return { told: answerOf(text, planned), text };
}

/** What a text says of the write that was asked for, and of the part that is compared. */
export function answerOf(
  text: string,
  { wants, compare, question }: Pick<PlannedRequest, 'wants' | 'compare' | 'question'>,
): Told {
  return {
    ...(wants === undefined ? {} : { wants, found: tells(text, wants) }),
    ...(question === undefined || compare === undefined
      ? {}
      : { question, answer: comparedPart(text, compare) }),
  };
}

/** Whether a key stands there as a whole: `run-1` is not told of by `run-12`. */
function tells(text: string, key: string): boolean {
  for (let at = text.indexOf(key); at >= 0; at = text.indexOf(key, at + 1)) {
    const next = text[at + key.length];
    if (next === undefined || !/[\w-]/.test(next)) return true;
  }
  return false;
}

/** What the last of a stream of server-sent events says; any other text as it is. */
function lastEvent(text: string): string {
  return text.startsWith('{') ? text : ([...text.matchAll(/^data: ?(.*)$/gm)].at(-1)?.[1] ?? text);
}

function comparedPart(text: string, path: string): string | null {
  let value: unknown;
  try {
    value = valueAt(JSON.parse(lastEvent(text)), path);
  } catch {
    return null; // no JSON, so there is no such part
  }
  return value === undefined || value === null || value === '' ? null : hashOf(JSON.stringify(value));
}
