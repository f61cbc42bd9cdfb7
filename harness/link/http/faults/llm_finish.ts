/**
 * `llm_finish`: the answer ends before it should, and says why: `finish_reason` with OpenAI's API,
 * `done_reason` with Ollama's. Whole answers are shortened to so many words, streams to so many tokens.
 */
import { z } from 'zod';
import { isSuccess } from '../answer-head.ts';
import { type EventHandler, eventAnswer, readEvent, wholeOrStreamed } from '../event-answer.ts';
import { type AnswerSink, defineHttpFault } from '../fault.ts';
import { isObject, type JsonObject, jsonObject, objectsIn } from '../json-answer.ts';

const Attributes = z.strictObject({
  /** What is told. */
  reason: z.enum(['content_filter', 'length']),
  /** How much of the text comes: tokens of a stream, words of a whole answer. */
  tokens: z.int().min(0).default(3),
});
type Attributes = z.infer<typeof Attributes>;

export const llmFinish = defineHttpFault<Attributes>({
  type: 'llm_finish',
  about: 'a success with a shortened text and the given finish_reason (Ollama: done_reason)',
  attributes: Attributes,
  act: (_request, { reason, tokens }) => ({
    do: 'filter',
    filter: (sink) =>
      wholeOrStreamed(
        jsonObject(sink, (body, head) => {
          if (!isSuccess(head) || !finish(body, reason)) return false;
          changeText(body, (text) => (text.match(/\s*\S+/g) ?? []).slice(0, tokens).join(''));
          return true;
        }),
        eventAnswer(sink, () => shortened(sink, reason, tokens)),
      ),
  }),
});

function shortened(sink: AnswerSink, reason: string, tokensMax: number): EventHandler {
  let tokens = 0;
  return {
    event: (event, token) => {
      const isTooMuch = token && ++tokens > tokensMax;
      const read = readEvent(event);
      const finishes = read !== null && finish(read.value, reason);
      if (finishes) {
        if (isTooMuch) changeText(read.value, () => '');
        sink.body(read.encode());
      } else if (!isTooMuch) sink.body(event);
      if (finishes || isTooMuch) sink.hit();
    },
    end: () => sink.end(),
  };
}

/** Gives the answer, or the event that ends it, another reason; false where it has none. */
function finish(body: JsonObject, reason: string): boolean {
  const ending = objectsIn(body.choices).filter(({ finish_reason: known }) => typeof known === 'string');
  for (const choice of ending) choice.finish_reason = reason;
  if (body.done === true) body.done_reason = reason;
  return ending.length > 0 || body.done === true;
}

/** Changes the text, wherever OpenAI and Ollama put it. */
function changeText(body: JsonObject, change: (text: string) => string): void {
  const changeIn = (holder: JsonObject, name: string): void => {
    const text = holder[name];
    if (typeof text === 'string') holder[name] = change(text);
  };
  for (const choice of objectsIn(body.choices)) {
    if (isObject(choice.message)) changeIn(choice.message, 'content');
    if (isObject(choice.delta)) changeIn(choice.delta, 'content');
    changeIn(choice, 'text');
  }
  if (isObject(body.message)) changeIn(body.message, 'content');
  changeIn(body, 'response');
}
