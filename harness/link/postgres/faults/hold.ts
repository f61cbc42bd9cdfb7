/** `postgres_hold`: the statement waits at the link until the fault is lifted, and with it all behind it on its connection. */
import { z } from 'zod';
import { definePostgresFault } from '../fault.ts';

const Attributes = z.strictObject({});

export const postgresHold = definePostgresFault<z.infer<typeof Attributes>>({
  type: 'postgres_hold',
  about:
    'the statement reaches the server when the fault is lifted, and what follows it on its connection too',
  attributes: Attributes,
  on: 'statement',
  act: () => ({ do: 'hold' }),
});
