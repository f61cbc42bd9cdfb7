/** `http_slow_first_byte`: the answer is kept back for a while, then goes on as it came. */
import { z } from 'zod';
import { defineHttpFault } from '../fault.ts';

const Attributes = z.strictObject({
  /** ms, on top of what the dependency takes */
  delay_ms: z.number().positive(),
});

export const httpSlowFirstByte = defineHttpFault<z.infer<typeof Attributes>>({
  type: 'http_slow_first_byte',
  about: 'the first byte of the answer comes later by the delay, the rest at once',
  attributes: Attributes,
  act: (_request, { delay_ms: delayMs }) => ({
    do: 'filter',
    filter: (sink) => {
      let held: (() => void)[] | null = [];
      let heldBytes = 0;
      const later = (act: () => void): void => {
        if (held === null) act();
        else held.push(act);
      };
      return {
        head: (head) => {
          sink.hit();
          later(() => sink.head(head, head.bodyBytes));
          sink.after(delayMs, () => {
            const due = held ?? [];
            held = null;
            for (const act of due) act();
          });
        },
        body: (bytes) => {
          heldBytes += bytes.length;
          later(() => sink.body(bytes));
        },
        end: () => later(() => sink.end()),
        heldBytes: () => (held === null ? 0 : heldBytes),
      };
    },
  }),
});
