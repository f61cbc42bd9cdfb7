/**
 * `llm_stream_end`: a stream whose text is whole and whose end is not as it should be: the last event
 * is missing, the body stays open behind it, or nothing says what was used.
 */
import { z } from 'zod';
import { isSuccess } from '../answer-head.ts';
import { eventAnswer, isLast, readEvent, wholeOrStreamed } from '../event-answer.ts';
import { type AnswerFilter, type AnswerSink, defineHttpFault } from '../fault.ts';
import { isObject, type JsonObject, jsonObject } from '../json-answer.ts';

const Attributes = z.strictObject({
  how: z.enum(['missing_done', 'done_without_close', 'missing_usage']),
});
type How = z.infer<typeof Attributes>['how'];

export const llmStreamEnd = defineHttpFault<z.infer<typeof Attributes>>({
  type: 'llm_stream_end',
  about:
    'a stream without its last event, one whose body never ends, or an answer (also a whole one) without its usage',
  attributes: Attributes,
  act: (_request, { how }) => ({ do: 'filter', filter: (sink) => filterFor(sink, how) }),
});

function filterFor(sink: AnswerSink, how: How): AnswerFilter {
  switch (how) {
    case 'missing_done':
      return eventAnswer(sink, () => ({
        event: (event) => {
          if (isLast(event)) sink.hit();
          else sink.body(event);
        },
        end: () => sink.end(),
      }));
    case 'done_without_close':
      return eventAnswer(sink, () => {
        let hit = false;
        return {
          event: (event) => {
            if (isLast(event)) {
              hit = true;
              sink.hit();
            }
            sink.body(event);
          },
          end: () => {
            if (!hit) sink.end();
          },
        };
      });
    case 'missing_usage':
      return wholeOrStreamed(
        jsonObject(sink, (body, head) => isSuccess(head) && withoutUsage(body)),
        eventAnswer(sink, () => ({
          event: (event) => sink.body(eventWithoutUsage(event, () => sink.hit())),
          end: () => sink.end(),
        })),
      );
  }
}

/** OpenAI's and Anthropic's; Ollama counts under these names. */
const USAGE = ['usage', 'prompt_eval_count', 'eval_count'];

/** Takes the usage out of an answer, or of an event; whether there was one. */
function withoutUsage(body: JsonObject): boolean {
  const present = USAGE.filter((name) => name in body && body[name] !== null);
  for (const name of present) delete body[name];
  const inMessage = isObject(body.message) && withoutUsage(body.message); // Anthropic's message_start
  return present.length > 0 || inMessage;
}

/** The event without it; OpenAI's, which has nothing else to tell, does not come at all. */
function eventWithoutUsage(event: Buffer, hit: () => void): Buffer {
  const read = readEvent(event);
  if (read === null || !withoutUsage(read.value)) return event;
  hit();
  const { choices } = read.value;
  return Array.isArray(choices) && choices.length === 0 ? Buffer.alloc(0) : read.encode();
}
