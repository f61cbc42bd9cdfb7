/** `http_body_cut`: the connection breaks off after so many bytes of the body. */
import { z } from 'zod';
import { defineHttpFault } from '../fault.ts';

const Attributes = z.strictObject({
  /** Bytes of the body that still come; a body no longer than this is left alone. */
  bytes: z.int().min(0),
  how: z.enum(['fin', 'rst']).default('rst'),
});

export const httpBodyCut = defineHttpFault<z.infer<typeof Attributes>>({
  type: 'http_body_cut',
  about: 'the head, so many bytes of the body, and the end of the connection',
  attributes: Attributes,
  act: (_request, { bytes: bytesMax, how }) => ({
    do: 'filter',
    filter: (sink) => {
      let leftBytes = bytesMax;
      return {
        head: (head) => {
          if (!head.hasBody || (head.bodyBytes ?? Infinity) <= bytesMax) sink.pass();
          else sink.head(head, head.bodyBytes);
        },
        body: (bytes) => {
          if (bytes.length <= leftBytes) {
            leftBytes -= bytes.length;
            sink.body(bytes);
            return;
          }
          sink.hit();
          sink.body(bytes.subarray(0, leftBytes));
          sink.abort(how);
        },
        end: () => sink.end(),
      };
    },
  }),
});
