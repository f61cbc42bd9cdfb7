/**
 * Resets the connection (RST) `timeout` ms after the first bytes in its direction. A connection
 * that was already open when the toxic came is reset after `timeout` ms, bytes or none: that is
 * what a crashed peer or a failover does to pooled connections. (Toxiproxy sends those a FIN.)
 */
import { z } from 'zod';
import { defineToxic } from '../toxic.ts';

const Attributes = z.strictObject({
  /** ms */
  timeout: z.int().min(0).default(0),
});

export const resetPeer = defineToxic<z.infer<typeof Attributes>>({
  type: 'reset_peer',
  attributes: Attributes,
  attach: (line, attributes) => {
    let timer: NodeJS.Timeout | undefined;
    const arm = (): void => {
      timer ??= setTimeout(() => line.reset(), attributes().timeout);
    };
    if (line.joinedLate) arm();
    return {
      write: (chunk) => {
        line.drop(chunk.length);
        arm();
      },
      end: arm,
      release: () => clearTimeout(timer),
      destroy: () => clearTimeout(timer),
    };
  },
});
