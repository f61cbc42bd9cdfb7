/**
 * Accepts a connection and closes it in order (FIN) at once: what a load balancer without healthy
 * backends does, and what Toxiproxy does when the dependency behind it is down.
 */
import { z } from 'zod';
import { defineToxic } from '../toxic.ts';

const Attributes = z.strictObject({});

export const acceptThenFin = defineToxic<z.infer<typeof Attributes>>({
  type: 'accept_then_fin',
  attributes: Attributes,
  attach: (line) => {
    const timer = setImmediate(() => line.close());
    return {
      write: (chunk) => line.drop(chunk.length),
      end: () => {},
      release: () => clearImmediate(timer),
      destroy: () => clearImmediate(timer),
    };
  },
});
