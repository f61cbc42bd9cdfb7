/**
 * Filters for answers that are streams of events (server-sent events, NDJSON): the body is split into
 * whole events, each handed to the fault, which sends on what it likes. Other answers pass and are not
 * hit.
 */
import { headerOf, isReadable, isSuccess } from './answer-head.ts';
import type { AnswerFilter, AnswerSink } from './fault.ts';
import { isObject, type JsonObject, parsed } from './json-answer.ts';
import { type EventFormat, EventSplitter, eventFormat, isToken } from './stream.ts';

/** What a fault does with the events of one answer. It sends on, and ends, what it does not keep. */
export interface EventHandler {
  /** One event, its end included. @param token it carries a piece of the answer's text */
  event(event: Buffer, token: boolean): void;
  end(): void;
  /** Bytes it keeps back for later. */
  heldBytes?(): number;
}

/** Hands each event of a stream to the fault. */
export function eventAnswer(sink: AnswerSink, handle: (format: EventFormat) => EventHandler): AnswerFilter {
  let handler: EventHandler | null = null;
  let splitter: EventSplitter | null = null;
  return {
    head: (head) => {
      const format = eventFormat(headerOf(head, 'content-type'));
      if (format === null || !isReadable(head) || !isSuccess(head)) {
        sink.pass();
        return;
      }
      const made = handle(format);
      handler = made;
      splitter = new EventSplitter(format, (event) => made.event(event, isToken(event)));
      sink.head({ status: head.status, headers: head.headers });
    },
    body: (bytes) => splitter?.push(bytes),
    end: () => {
      splitter?.end();
      handler?.end();
    },
    heldBytes: () => handler?.heldBytes?.() ?? 0,
  };
}

/** One filter for answers in one piece, another for streams of events. */
export function wholeOrStreamed(whole: AnswerFilter, streamed: AnswerFilter): AnswerFilter {
  let chosen = whole;
  return {
    head: (head) => {
      if (eventFormat(headerOf(head, 'content-type')) !== null) chosen = streamed;
      chosen.head(head);
    },
    body: (bytes) => chosen.body(bytes),
    end: () => chosen.end(),
    heldBytes: () => chosen.heldBytes?.() ?? 0,
  };
}

/** An event whose data is a JSON object. */
export interface JsonEvent {
  value: JsonObject;
  /** The event again with the value as it is now. */
  encode(): Buffer;
}

/** The line of an event that is a JSON object: after `data:`, or all of it. `[^\n]`, as `.` stops at U+2028. */
const JSON_LINE = /^(data: ?)?(\{[^\n]*\})[ \r]*$/m;

/** Reads an event; null where its data is no JSON object, such as OpenAI's `[DONE]`. */
export function readEvent(event: Buffer): JsonEvent | null {
  const text = event.toString('utf8');
  const line = JSON_LINE.exec(text);
  if (line === null) return null;
  const [, field = '', json = ''] = line;
  const value = parsed(json);
  if (!isObject(value)) return null;
  const from = line.index + field.length;
  return {
    value,
    encode: () => Buffer.from(text.slice(0, from) + JSON.stringify(value) + text.slice(from + json.length)),
  };
}

/** Whether an event says that the stream is complete: OpenAI's `[DONE]`, Anthropic's `message_stop`, Ollama's `done`. */
export function isLast(event: Buffer): boolean {
  const text = event.toString('latin1');
  return (
    /^data: ?\[DONE\]/m.test(text) ||
    /"type":\s*"message_stop"/.test(text) ||
    readEvent(event)?.value.done === true
  );
}
