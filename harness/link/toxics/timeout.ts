/**
 * A black hole: drops every byte at once, and closes after `timeout` ms without data in its
 * direction, or when its source has left. 0 never closes by itself. Removing the toxic closes the connections it held.
 */
import { z } from 'zod';
import { defineToxic } from '../toxic.ts';

const Attributes = z.strictObject({
  /** ms; 0: never */
  timeout: z.int().min(0).default(0),
});

export const timeout = defineToxic<z.infer<typeof Attributes>>({
  type: 'timeout',
  attributes: Attributes,
  closesWhenRemoved: true,
  attach: (line, attributes) => {
    let timer: NodeJS.Timeout | undefined;
    const rearm = (): void => {
      clearTimeout(timer);
      const { timeout: closeAfterMs } = attributes();
      if (closeAfterMs > 0) timer = setTimeout(() => line.close(), closeAfterMs);
    };
    rearm();
    return {
      write: (chunk) => {
        line.drop(chunk.length);
        rearm(); // each chunk restarts the count, as in Toxiproxy: a chatty client is never cut
      },
      end: () => line.close(), // as in Toxiproxy: who leaves need not wait for the end of the toxic
      release: () => clearTimeout(timer),
      destroy: () => clearTimeout(timer),
    };
  },
});
