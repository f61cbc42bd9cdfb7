/**
 * `llm_stall`: in the middle of a stream the text stands still, while the connection looks alive: bytes
 * that mean nothing keep coming, as from a provider whose model is stuck. A target that only watches
 * the bytes never notices.
 */
import { z } from 'zod';
import { type EventHandler, eventAnswer, readEvent } from '../event-answer.ts';
import { type AnswerSink, defineHttpFault } from '../fault.ts';
import { isObject } from '../json-answer.ts';
import type { EventFormat } from '../stream.ts';

const Attributes = z.strictObject({
  /** Tokens (events that carry text) before it. */
  tokens: z.int().min(0).default(0),
  /** ms between signs of life; 0: silent */
  keep_alive_ms: z.number().min(0).default(1000),
  /** ms; then all that was kept back comes at once. Left out: it does not end. */
  for_ms: z.number().positive().optional(),
});
type Attributes = z.infer<typeof Attributes>;

export const llmStall = defineHttpFault<Attributes>({
  type: 'llm_stall',
  about: 'a stream whose text stands still after so many tokens, while keep-alives go on coming',
  attributes: Attributes,
  act: (_request, attributes) => ({
    do: 'filter',
    filter: (sink) => eventAnswer(sink, (format) => stalled(sink, format, attributes)),
  }),
});

function stalled(
  sink: AnswerSink,
  format: EventFormat,
  { tokens: tokensMax, keep_alive_ms: keepAliveMs, for_ms: forMs }: Attributes,
): EventHandler {
  let tokens = 0;
  /** What comes during the stall; null: it has not begun, or is over. */
  let held: Buffer[] | null = null;
  let heldBytes = 0;
  let isOver = false;
  let ended = false;

  function begin(event: Buffer): void {
    sink.hit();
    held = [];
    const sign = format === 'sse' ? COMMENT : withoutText(event);
    if (keepAliveMs > 0) keepAlive(sign);
    if (forMs !== undefined) sink.after(forMs, release);
  }

  function keepAlive(sign: Buffer): void {
    sink.after(keepAliveMs, () => {
      if (isOver) return;
      sink.body(sign);
      keepAlive(sign);
    });
  }

  function release(): void {
    isOver = true;
    const due = held ?? [];
    held = null;
    for (const event of due) sink.body(event);
    if (ended) sink.end();
  }

  return {
    event: (event, token) => {
      if (token && ++tokens > tokensMax && held === null && !isOver) begin(event);
      if (held === null) sink.body(event);
      else {
        held.push(event);
        heldBytes += event.length;
      }
    },
    end: () => {
      ended = true;
      if (held === null) sink.end();
    },
    heldBytes: () => (held === null ? 0 : heldBytes),
  };
}

/** A comment, which every reader of server-sent events skips. */
const COMMENT = Buffer.from(': keep-alive\n\n');

/** NDJSON knows no comments: what comes instead is an event like the others, with an empty text. */
function withoutText(event: Buffer): Buffer {
  const read = readEvent(event);
  if (read === null) return Buffer.alloc(0);
  const { value } = read;
  if ('response' in value) value.response = '';
  if (isObject(value.message)) value.message.content = '';
  return read.encode();
}
