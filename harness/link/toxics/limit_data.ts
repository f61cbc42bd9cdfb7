/** Passes exactly `bytes` bytes in its direction, then closes the connection (FIN). */
import { z } from 'zod';
import { defineToxic } from '../toxic.ts';

const Attributes = z.strictObject({
  /** bytes per connection */
  bytes: z.int().min(0).default(0),
});

export const limitData = defineToxic<z.infer<typeof Attributes>>({
  type: 'limit_data',
  attributes: Attributes,
  attach: (line, attributes) => {
    let passedBytes = 0;
    return {
      write: (chunk) => {
        const allowedBytes = Math.max(0, Math.min(chunk.length, attributes().bytes - passedBytes));
        passedBytes += allowedBytes;
        if (allowedBytes > 0) line.push(chunk.subarray(0, allowedBytes));
        if (allowedBytes < chunk.length) line.drop(chunk.length - allowedBytes);
        if (passedBytes >= attributes().bytes) line.close();
      },
      end: () => line.end(),
      release: () => {},
      destroy: () => {},
    };
  },
});
