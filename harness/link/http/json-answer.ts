/**
 * Filters for answers that are one JSON value: the body is kept back until it is complete, changed, and
 * sent with its new length. Whatever is no JSON, or too long to keep, passes and is not hit.
 */
import { isJson } from './answer-head.ts';
import type { AnsweredHead, AnswerFilter, AnswerSink } from './fault.ts';

/** A longer body is not kept back. An answer of a thousand embeddings with 384 numbers each is 8 MB. */
export const JSON_BYTES_MAX = 8 * 1024 * 1024;

/** Changes the bytes of a JSON body. @param change null: leave it as it is; the answer is not hit */
export function jsonBytes(sink: AnswerSink, change: (body: Buffer) => Buffer | null): AnswerFilter {
  let kept: Buffer[] | null = [];
  let keptBytes = 0;
  let head: AnsweredHead | null = null;

  function sendAsItCame(): void {
    if (head !== null) sink.head(head, head.bodyBytes);
    for (const bytes of kept ?? []) sink.body(bytes);
    kept = null;
  }

  return {
    head: (came) => {
      if (!isJson(came) || (came.bodyBytes ?? 0) > JSON_BYTES_MAX) sink.pass();
      else head = came;
    },
    body: (bytes) => {
      if (kept === null) {
        sink.body(bytes);
        return;
      }
      kept.push(bytes);
      keptBytes += bytes.length;
      if (keptBytes > JSON_BYTES_MAX) sendAsItCame();
    },
    end: () => {
      const changed = kept === null ? null : change(Buffer.concat(kept));
      if (head === null || changed === null) {
        if (kept !== null) sendAsItCame();
      } else {
        sink.hit();
        sink.head(head, changed.length);
        sink.body(changed);
      }
      sink.end();
    },
    heldBytes: () => (kept === null ? 0 : keptBytes),
  };
}

/** A JSON object. */
export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The objects among the entries of what may be a list. */
export function objectsIn(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/**
 * Changes the object that a JSON body is, in place.
 * @param change whether there was anything to change
 * @param encode where JSON.stringify does not do
 */
export function jsonObject(
  sink: AnswerSink,
  change: (body: JsonObject, head: AnsweredHead) => boolean,
  encode: (body: JsonObject) => string = JSON.stringify,
): AnswerFilter {
  let head: AnsweredHead | null = null;
  const filter = jsonBytes(sink, (bytes) => {
    const body = parsed(bytes.toString('utf8'));
    return head !== null && isObject(body) && change(body, head) ? Buffer.from(encode(body)) : null;
  });
  return {
    ...filter,
    head: (came) => {
      head = came;
      filter.head(came);
    },
  };
}

/** undefined where it is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
