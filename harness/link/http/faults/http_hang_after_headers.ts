/** `http_hang_after_headers`: the head of the answer comes, its body never does, and the connection stays open. */
import { z } from 'zod';
import { defineHttpFault } from '../fault.ts';

const Attributes = z.strictObject({});

export const httpHangAfterHeaders = defineHttpFault<z.infer<typeof Attributes>>({
  type: 'http_hang_after_headers',
  about: 'status and headers, then silence on an open connection',
  attributes: Attributes,
  act: () => ({
    do: 'filter',
    filter: (sink) => ({
      head: (head) => {
        if (!head.hasBody) {
          sink.pass();
          return;
        }
        sink.hit();
        sink.head(head, head.bodyBytes);
      },
      body: () => {},
      end: () => {},
    }),
  }),
});
