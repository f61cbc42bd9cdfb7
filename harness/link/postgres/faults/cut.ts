/**
 * `postgres_cut`: the connection is reset at a statement, before the server sees it or after it has
 * answered. At a COMMIT the target cannot tell the two apart, and the one has committed.
 */
import { z } from 'zod';
import { definePostgresFault } from '../fault.ts';

const Attributes = z.strictObject({
  /** `before`: the server never executes the statement; `after`: it has, and nobody hears its answer. */
  when: z.enum(['before', 'after']),
});

export const postgresCut = definePostgresFault<z.infer<typeof Attributes>>({
  type: 'postgres_cut',
  about: 'the connection is reset (RST): before the server sees the statement, or after it has answered',
  attributes: Attributes,
  on: 'statement',
  command: 'COMMIT',
  act: (_statement, { when }) => ({ do: 'cut', when }),
});
