/** Holds back the close (FIN) of its direction for `delay` ms; data passes untouched. */
import { z } from 'zod';
import { defineToxic } from '../toxic.ts';

const Attributes = z.strictObject({
  /** ms */
  delay: z.int().min(0).default(0),
});

export const slowClose = defineToxic<z.infer<typeof Attributes>>({
  type: 'slow_close',
  attributes: Attributes,
  attach: (line, attributes) => {
    let timer: NodeJS.Timeout | undefined;
    return {
      write: (chunk) => line.push(chunk),
      end: () => {
        timer = setTimeout(() => {
          timer = undefined;
          line.end();
        }, attributes().delay);
      },
      release: () => {
        if (timer === undefined) return;
        clearTimeout(timer);
        line.end();
      },
      destroy: () => clearTimeout(timer),
    };
  },
});
