/**
 * Resets the connection (RST) `timeout` ms after the first bytes in its direction, or its close.
 * Connections that were open before the toxic came are reset just so (Toxiproxy sends those a FIN).
 * A silent one is left alone until it speaks: were it reset at once, the next request on a pooled
 * connection would vanish unseen, and an attempt that nobody saw cannot be counted.
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
