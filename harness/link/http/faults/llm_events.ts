/** `llm_events`: tokens of a stream come twice, or in the wrong order. */
import { z } from 'zod';
import { type EventHandler, eventAnswer } from '../event-answer.ts';
import { type AnswerSink, defineHttpFault } from '../fault.ts';

const Attributes = z.strictObject({
  /** The token comes again; or it comes after the one behind it. */
  how: z.enum(['duplicate', 'reorder']),
  /** Every so many tokens (events that carry text) one is hit. */
  every: z.int().min(1).default(2),
});
type Attributes = z.infer<typeof Attributes>;

export const llmEvents = defineHttpFault<Attributes>({
  type: 'llm_events',
  about: 'a stream in which every nth token comes twice, or after its successor',
  attributes: Attributes,
  act: (_request, { how, every }) => ({
    do: 'filter',
    filter: (sink) =>
      eventAnswer(sink, () => (how === 'duplicate' ? duplicated(sink, every) : reordered(sink, every))),
  }),
});

function duplicated(sink: AnswerSink, every: number): EventHandler {
  let tokens = 0;
  return {
    event: (event, token) => {
      sink.body(event);
      if (!token || ++tokens % every !== 0) return;
      sink.hit();
      sink.body(event);
    },
    end: () => sink.end(),
  };
}

function reordered(sink: AnswerSink, every: number): EventHandler {
  let tokens = 0;
  let late: Buffer | null = null;
  return {
    event: (event, token) => {
      const isChosen = token && ++tokens % every === 0;
      if (late === null && isChosen) {
        late = event;
        return;
      }
      if (late !== null && token) sink.hit();
      sink.body(event);
      if (late !== null) sink.body(late);
      late = null;
    },
    end: () => {
      if (late !== null) sink.body(late);
      sink.end();
    },
  };
}
