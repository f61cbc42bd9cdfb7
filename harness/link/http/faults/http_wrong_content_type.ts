/** `http_wrong_content_type`: the answer calls itself something that it is not. */
import { z } from 'zod';
import { headerOf, withHeader } from '../answer-head.ts';
import { defineHttpFault } from '../fault.ts';

const Attributes = z.strictObject({
  /** Value of the Content-Type header. */
  content_type: z
    .string()
    .regex(/^[\x20-\x7e]+$/, 'a content type is printable ASCII')
    .default('text/html; charset=utf-8'),
});

export const httpWrongContentType = defineHttpFault<z.infer<typeof Attributes>>({
  type: 'http_wrong_content_type',
  about: 'the body as it was, under another Content-Type',
  attributes: Attributes,
  act: (_request, { content_type: contentType }) => ({
    do: 'filter',
    filter: (sink) => ({
      head: (head) => {
        if (!head.hasBody || headerOf(head, 'content-type') === contentType) {
          sink.pass();
          return;
        }
        sink.hit();
        sink.head(withHeader(head, 'content-type', contentType), head.bodyBytes);
      },
      body: (bytes) => sink.body(bytes),
      end: () => sink.end(),
    }),
  }),
});
