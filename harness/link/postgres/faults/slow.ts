/** `postgres_slow`: the server sees the statement later, and with it everything behind it on its connection. */
import { z } from 'zod';
import { definePostgresFault } from '../fault.ts';

const Attributes = z.strictObject({
  /** ms */
  delay_ms: z.int().min(0).max(86_400_000),
});

export const postgresSlow = definePostgresFault<z.infer<typeof Attributes>>({
  type: 'postgres_slow',
  about: 'the statement reaches the server so many ms later, and what follows it on its connection too',
  attributes: Attributes,
  on: 'statement',
  act: (_statement, { delay_ms: delayMs }) => ({ do: 'delay', ms: delayMs }),
});
