/** Passes everything; Toxiproxy has it for tests of its API. */
import { z } from 'zod';
import { defineToxic } from '../toxic.ts';

const Attributes = z.strictObject({});

export const noop = defineToxic<z.infer<typeof Attributes>>({
  type: 'noop',
  attributes: Attributes,
  attach: (line) => ({
    write: (chunk) => line.push(chunk),
    end: () => line.end(),
    release: () => {},
    destroy: () => {},
  }),
});
