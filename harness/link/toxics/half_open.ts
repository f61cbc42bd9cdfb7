/**
 * Connections that are open when it comes fall silent in its direction for good: the peer has restarted
 * or lost its state, and nobody has told. New connections are left alone. Removing it closes the silent ones; what
 * was said on them meanwhile is never delivered.
 */
import { z } from 'zod';
import { defineToxic } from '../toxic.ts';

const Attributes = z.strictObject({});

export const halfOpen = defineToxic<z.infer<typeof Attributes>>({
  type: 'half_open',
  attributes: Attributes,
  closesWhenRemoved: true,
  onlyLive: true,
  attach: (line) => {
    let heldBytes = 0; // not dropped while it lasts: the pipe stops its source when too much is held, as a full window does
    return {
      write: (chunk) => {
        heldBytes += chunk.length;
      },
      end: () => {}, // a FIN waits like everything else
      release: () => line.drop(heldBytes),
      destroy: () => {},
    };
  },
});
