/** `llm_empty_choices`: an answer that is a success and holds none: OpenAI's `choices` is empty. */
import { z } from 'zod';
import { isSuccess } from '../answer-head.ts';
import { eventAnswer, readEvent, wholeOrStreamed } from '../event-answer.ts';
import { defineHttpFault } from '../fault.ts';
import { type JsonObject, jsonObject } from '../json-answer.ts';

const Attributes = z.strictObject({});

export const llmEmptyChoices = defineHttpFault<z.infer<typeof Attributes>>({
  type: 'llm_empty_choices',
  about: 'a whole answer, or every event of a stream, with an empty list of choices',
  attributes: Attributes,
  act: () => ({
    do: 'filter',
    filter: (sink) =>
      wholeOrStreamed(
        jsonObject(sink, (body, head) => isSuccess(head) && withoutChoices(body)),
        eventAnswer(sink, () => ({
          event: (event) => {
            const read = readEvent(event);
            if (read === null || !withoutChoices(read.value)) {
              sink.body(event);
              return;
            }
            sink.hit();
            sink.body(read.encode());
          },
          end: () => sink.end(),
        })),
      ),
  }),
});

/** Whether there were any. */
function withoutChoices(body: JsonObject): boolean {
  if (!Array.isArray(body.choices) || body.choices.length === 0) return false;
  body.choices = [];
  return true;
}
